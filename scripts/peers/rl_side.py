"""One learner on rl4da/Assimilation-v0, asked by learning.py: rl_side.py <learner> <config> <seed>.

Every learner gets the same environment, batched, the same rollouts, epochs and minibatches, and one thread.
Those with an LSTM also see the last cycle's analysis, forecast error and spread; the others only the present.
"""
import hashlib
import sys

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from side import answers, serve  # first: one thread, before numpy asks for more

from rl4da.data import load_config
from rl4da.env import AssimilationVectorEnv

# Minibatches of 128 and 10 epochs are RecurrentPPO's defaults; 128 is RLlib's, too, and that of rl4da's
# presets, whose discount this is.
ENVS, STEPS, EPOCHS, MINIBATCH, UNITS, CHUNK = 16, 128, 10, 128, 64, 16
HEADS = {False: 54, True: 40}    # units of our heads, without and with an LSTM: as many parameters as RLlib's
MINIBATCHES = ENVS*STEPS//MINIBATCH
PPO = dict(learning_rate=3e-4, gamma=0.5, gae_lambda=0.9, clip=0.2, vf_coef=0.5, max_grad_norm=0.5,
           log_std_init=-1.0)


def task(exp):
    """The environment of the preset 'eakf', whose action corrects an EAKF without inflation, which loses the
    truth; without its window and without what only its critic sees, so that all learners see the same."""
    return exp.preset("eakf").replace(temporal_window=1, critic_sees=())


def flat(seen, recurrent):
    "What was seen as one vector an experiment, `(B, D)`."
    parts = [seen["now"], seen["past"]] if recurrent else [seen["now"]]
    return np.concatenate([x.reshape(len(x), -1) for x in parts], 1)


def box(limit, n): return spaces.Box(-limit, limit, (n,), np.float32)


class Flat:
    "The vector environment with vectors for observations and actions."
    def __init__(self, exp, recurrent, B=ENVS):
        self.env, self.recurrent = AssimilationVectorEnv(B, exp, task(exp)), recurrent
        n = flat(self.env.reset(seed=0)[0], recurrent).shape[1]
        self.observation_space = box(exp.norm_buffer, n)
        self.action_space = box(3.0, int(np.prod(self.env.single_action_space.shape)))

    def reset(self, **kwargs): return flat(self.env.reset(**kwargs)[0], self.recurrent)

    def step(self, actions):
        "Observations, rewards, terminated, truncated, and what was seen last where an episode ended."
        actions = actions.reshape(self.env.action_space.shape)
        seen, rewards, terminated, truncated, info = self.env.step(actions)
        ended = {b: flat({k: x[None] for k, x in info["final_obs"][b].items()}, self.recurrent)[0]
                 for b in np.flatnonzero(terminated | truncated)}
        return flat(seen, self.recurrent), rewards, terminated, truncated, ended


class Ours:
    "rl4da's PPO: the network over the whole state, one probability ratio, or a preset as it is."
    packages = "torch", "gymnasium"

    def __init__(self, exp, recurrent, seed, preset=None, **changes):
        from rl4da.ppo import Run
        same = dict(network="temporal", memory="recurrent" if recurrent else "none", hidden_size=UNITS,
                    head_size=HEADS[recurrent], ratio="joint", num_envs=ENVS, num_steps=STEPS,
                    update_epochs=EPOCHS, num_minibatches=MINIBATCHES,
                    chunk_steps=CHUNK if recurrent else 1, learn_std=True,
                    learning_rate=PPO["learning_rate"], anneal_lr=False, target_kl=None)
        agent = exp.preset(preset) if preset else task(exp).replace(**same)
        self.run, self.steps = Run(exp, agent, exp.dir / "peers", seed=seed), agent.num_envs*agent.num_steps
        self.parameters = sum(p.numel() for p in self.run.player.net.parameters())
        self.iterate = self.run.iterate

    def controller(self, B):
        net, N = self.run.player.net, self.run.exp.model.N
        state = net.initial_state(B, N)
        def act(seen, start):
            nonlocal state
            seen = {k: torch.as_tensor(x)[None] for k, x in seen.items() if k != "critic"}
            action, state = net.act(seen, state, torch.as_tensor(start)[None])
            return action[0].numpy()
        return act


class SB3:
    "stable-baselines3's PPO, or sb3-contrib's RecurrentPPO: an LSTM for policy and critic each, or `shared`."
    packages = "stable-baselines3", "sb3-contrib", "torch", "gymnasium"

    def __init__(self, exp, recurrent, seed, shared=False):
        from sb3_contrib import RecurrentPPO
        from stable_baselines3 import PPO as PlainPPO
        policy = dict(net_arch=[UNITS, UNITS], log_std_init=PPO["log_std_init"])
        lstm = dict(lstm_hidden_size=UNITS, shared_lstm=shared, enable_critic_lstm=not shared)
        if recurrent: policy |= lstm
        make, kind = (RecurrentPPO, "MlpLstmPolicy") if recurrent else (PlainPPO, "MlpPolicy")
        self.model = make(kind, self.vec_env(Flat(exp, recurrent)), n_steps=STEPS, n_epochs=EPOCHS,
                          batch_size=MINIBATCH, learning_rate=PPO["learning_rate"],
                          gamma=PPO["gamma"], gae_lambda=PPO["gae_lambda"], clip_range=PPO["clip"],
                          vf_coef=PPO["vf_coef"], max_grad_norm=PPO["max_grad_norm"], policy_kwargs=policy,
                          seed=seed, device="cpu")
        self.parameters = sum(p.numel() for p in self.model.policy.parameters())
        self.recurrent, self.steps = recurrent, ENVS*STEPS

    @staticmethod
    def vec_env(flat_env):
        from stable_baselines3.common.vec_env import VecEnv

        class Batched(VecEnv):
            def __init__(self): super().__init__(ENVS, flat_env.observation_space, flat_env.action_space)
            def reset(self): return flat_env.reset(seed=self._seeds[0])
            def step_async(self, actions): self.actions = actions
            def step_wait(self):
                seen, rewards, terminated, truncated, ended = flat_env.step(self.actions)
                infos = [{} for _ in range(ENVS)]
                for b, last in ended.items():
                    infos[b] = {"terminal_observation": last, "TimeLimit.truncated": bool(truncated[b])}
                return seen, rewards.astype(np.float32), terminated | truncated, infos
            def close(self): pass
            def get_attr(self, name, indices=None): return [None]*ENVS
            def set_attr(self, name, value, indices=None): raise NotImplementedError
            def env_method(self, name, *args, indices=None, **kwargs): raise NotImplementedError
            def env_is_wrapped(self, wrapper, indices=None): return [False]*ENVS
        return Batched()

    def iterate(self): self.model.learn(self.steps, reset_num_timesteps=False)

    def controller(self, B):
        state = None
        def act(seen, start):
            nonlocal state
            rest = dict(state=state, episode_start=start.astype(bool)) if self.recurrent else {}
            action, state = self.model.predict(flat(seen, self.recurrent), deterministic=True, **rest)
            return action
        return act


class NextStep(AssimilationVectorEnv):
    "The vector environment as RLlib wants it: the step after an end resets, and its action is lost."
    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(self, num_envs, exp, recurrent):
        super().__init__(num_envs, exp, task(exp))
        self.recurrent, self.over = recurrent, np.zeros(num_envs, bool)
        n = flat(self.cycles.see(), recurrent).shape[1]
        self.single_observation_space = box(exp.norm_buffer, n)
        self.single_action_space = box(3.0, int(np.prod(self.single_action_space.shape)))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(self, *, seed=None, options=None):
        self.over[:] = False
        return flat(super().reset(seed=seed)[0], self.recurrent), {}

    def step(self, actions):
        c, over = self.cycles, np.flatnonzero(self.over)
        if len(over): c.begin(over, self.rngs)                   # any place that can be stepped
        shape = len(actions), *c.interface.action_shape(*c.E.shape[1:])
        rewards, terminated, truncated, _ = c.advance(np.asarray(actions, np.float32).reshape(shape))
        if len(over): c.begin(over, self.rngs)
        for x in (rewards, terminated, truncated): x[over] = 0
        self.over = terminated | truncated
        return flat(c.see(), self.recurrent), rewards.astype(float), terminated, truncated, {}


class RLlib:
    """RLlib's PPO (new API stack), all in one process, without or with an LSTM shared by policy and critic.
    With one, the exploration depends on the state: its free log_std refuses a time axis."""
    packages = "ray", "torch", "gymnasium"

    def __init__(self, exp, recurrent, seed):
        import ray
        from ray.rllib.algorithms.ppo import PPOConfig
        from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
        from ray.tune.registry import register_env
        ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
        register_env("Assimilation", lambda config: NextStep(config.get("num_envs", 1), exp, recurrent))
        net = dict(fcnet_hiddens=[UNITS], head_fcnet_hiddens=[UNITS], vf_share_layers=True, use_lstm=True,
                   lstm_cell_size=UNITS, max_seq_len=CHUNK) if recurrent else dict(
                   fcnet_hiddens=[UNITS, UNITS], vf_share_layers=False)
        config = (PPOConfig().environment("Assimilation", normalize_actions=False, clip_actions=True)
                  .env_runners(num_env_runners=0, num_envs_per_env_runner=ENVS, rollout_fragment_length=STEPS,
                               gym_env_vectorize_mode="vector_entry_point")
                  .learners(num_learners=0)
                  .rl_module(model_config=DefaultModelConfig(
                      fcnet_activation="tanh", head_fcnet_activation="tanh", free_log_std=not recurrent,
                      **net))
                  .training(train_batch_size_per_learner=ENVS*STEPS, minibatch_size=MINIBATCH,
                            num_epochs=EPOCHS, lr=PPO["learning_rate"], gamma=PPO["gamma"],
                            lambda_=PPO["gae_lambda"], clip_param=PPO["clip"], vf_loss_coeff=PPO["vf_coef"],
                            grad_clip=PPO["max_grad_norm"], grad_clip_by="global_norm", use_kl_loss=False,
                            entropy_coeff=0.0, vf_clip_param=1e6)
                  .debugging(seed=seed))
        self.algo, self.recurrent, self.steps = config.build_algo(), recurrent, ENVS*STEPS
        learned = self.algo.learner_group._learner.module["default_policy"]
        with torch.no_grad():                                   # RLlib starts with a standard deviation of 1
            for name, p in learned.named_parameters():
                if "log_std" in name: p.fill_(PPO["log_std_init"])
            if recurrent:
                *_, weight, bias = learned.pi.parameters()
                weight[len(weight)//2:] *= 0.01
                bias[len(bias)//2:] = PPO["log_std_init"]
        self.algo.env_runner.module.load_state_dict(learned.state_dict(), strict=False)
        self.parameters = sum(p.numel() for p in learned.parameters())

    def iterate(self): self.algo.train()

    def controller(self, B):
        module, state = self.algo.get_module(), None
        def act(seen, start):
            nonlocal state
            batch = {"obs": torch.as_tensor(flat(seen, self.recurrent), dtype=torch.float32)}
            if self.recurrent:
                first = {k: x.repeat(B, *[1]*x.ndim) for k, x in module.get_initial_state().items()}
                keep = torch.as_tensor(1 - start)
                state = {k: x*keep.reshape(B, *[1]*(x.ndim - 1)) for k, x in (state or first).items()}
                batch = {"obs": batch["obs"][:, None], "state_in": state}
            out = module.forward_inference(batch)
            state = out.get("state_out")
            inputs = out["action_dist_inputs"].reshape(B, -1)
            return inputs[:, :inputs.shape[1]//2].numpy()
        return act


LEARNERS = {"rl4da": (Ours, False), "SB3 PPO": (SB3, False), "RLlib PPO": (RLlib, False),
            "rl4da, LSTM": (Ours, True), "RecurrentPPO": (SB3, True), "RLlib PPO, LSTM": (RLlib, True),
            "RecurrentPPO, shared LSTM": (SB3, True), "rl4da, preset": (Ours, True)}
EXTRA = {"RecurrentPPO, shared LSTM": dict(shared=True), "rl4da, preset": dict(preset="eakf")}


def evaluate(exp, controller, B=32, cycles=200, burn_in=40):
    "Analysis RMSE and reward, without exploration, of `B` episodes on path 0, which no training sees."
    env, act = AssimilationVectorEnv(B, exp, task(exp)), controller(B)
    seen, _ = env.reset(seed=1000, options={"path": 0})
    start, errors, rewards, lost = np.ones(B, np.float32), [], [], 0
    with torch.no_grad():
        for t in range(cycles):
            action = np.asarray(act(seen, start)).reshape(env.action_space.shape)
            seen, reward, terminated, truncated, _ = env.step(action)
            start, lost = (terminated | truncated).astype(np.float32), lost + int(terminated.sum())
            errors.append(env.cycles.last["rmse_a"])
            rewards.append(reward)
    mean = lambda x: float(np.mean(x[burn_in:]))
    return {"rmse_a": mean(errors), "reward": mean(rewards), "lost": lost}


def digest(exp, steps=300):
    "A fingerprint of all that the seeded environment returns: is it the same for every library?"
    env, rng = AssimilationVectorEnv(4, exp, task(exp)), np.random.default_rng(0)
    returned = [flat(env.reset(seed=3)[0], True)]
    for _ in range(steps):
        seen, *rest, _ = env.step(0.1*rng.normal(size=env.action_space.shape))
        returned += [flat(seen, True), *rest]
    return hashlib.sha256(b"".join(x.tobytes() for x in returned)).hexdigest()[:16]


def ask(name, config, seed):
    "What learning.py may ask of the learner `name`."
    torch.set_num_threads(1)
    exp = load_config(config)
    make, recurrent = LEARNERS[name]
    learner = make(exp, recurrent, int(seed), **EXTRA.get(name, {}))
    return answers(learner, lambda controller: evaluate(exp, controller), environment=digest(exp))


if __name__ == "__main__": serve(lambda: ask(*sys.argv[1:]))
