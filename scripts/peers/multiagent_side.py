"""One learner with an agent per member, asked by multiagent.py: multiagent_side.py <learner> <config> <seed>.

Both learners share one policy among the members, get the same rollouts, epochs and minibatches (counted in
environment steps), networks of the same size, and one thread. RLlib steps the PettingZoo environment.
"""
import sys

import numpy as np
import torch
from side import answers, serve  # first: one thread, before numpy asks for more

from rl4da.data import load_config
from rl4da.env import AssimilationVectorEnv

ENVS, STEPS, EPOCHS, MINIBATCHES, UNITS = 8, 64, 4, 20, 64
PPO = dict(learning_rate=3e-4, gamma=0.5, gae_lambda=0.9, clip=0.2, vf_coef=0.5, max_grad_norm=0.5,
           log_std_init=-1.0)


def task(exp):
    "What a member of the earlier project sees; it corrects the scalar update and is paid its contribution."
    return exp.preset("earlier_members").replace(
        action="shift", start="scalar", reward="difference", episode_cycles=250, num_envs=ENVS,
        num_steps=STEPS, update_epochs=EPOCHS, num_minibatches=MINIBATCHES, head_size=UNITS,
        log_std_init=PPO["log_std_init"], learning_rate=PPO["learning_rate"], gamma=PPO["gamma"],
        gae_lambda=PPO["gae_lambda"], ent_coef=0.0)


def vectors(seen):
    "What each member sees as one vector `(B, M, D)`, in the order of `MultiAgentEnv`."
    own = seen["own"].transpose(0, 2, 3, 1)
    own, shared = own.reshape(*own.shape[:2], -1), seen["now"].transpose(0, 2, 1).reshape(len(own), 1, -1)
    return np.concatenate([own, np.repeat(shared, own.shape[1], 1)], -1)


class Ours:
    "rl4da's PPO on the batched environment."
    packages = "torch", "gymnasium"

    def __init__(self, exp, seed):
        from rl4da.ppo import Run
        self.run, self.steps = Run(exp, task(exp), exp.dir / "peers", seed=seed), ENVS*STEPS
        self.parameters = sum(p.numel() for p in self.run.player.net.parameters())
        self.iterate = self.run.iterate

    def controller(self, B):
        net = self.run.player.net
        def act(seen):
            seen = {k: torch.as_tensor(x)[None] for k, x in seen.items()}
            return net.act(seen, net.initial_state(B, 0), torch.ones(1, B))[0][0].numpy()
        return act


class RLlib:
    "RLlib's PPO (new API stack) on the PettingZoo environment, all in one process."
    packages = "ray", "torch", "gymnasium", "pettingzoo"

    def __init__(self, exp, seed):
        import ray
        from ray.rllib.algorithms.ppo import PPOConfig
        from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
        from ray.rllib.core.rl_module.multi_rl_module import MultiRLModuleSpec
        from ray.rllib.core.rl_module.rl_module import RLModuleSpec
        from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
        from ray.tune.registry import register_env

        from rl4da.multiagent import MultiAgentEnv
        ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
        register_env("Members", lambda config: ParallelPettingZooEnv(MultiAgentEnv(exp, task(exp))))
        net = DefaultModelConfig(fcnet_hiddens=[UNITS, UNITS], fcnet_activation="tanh", vf_share_layers=False,
                                 free_log_std=True)
        members, steps = exp.members, ENVS*STEPS
        modules = MultiRLModuleSpec(rl_module_specs={"shared": RLModuleSpec(model_config=net)})
        config = (PPOConfig().environment("Members", normalize_actions=False, clip_actions=True)
                  .env_runners(num_env_runners=0, num_envs_per_env_runner=1, rollout_fragment_length=steps)
                  .learners(num_learners=0)
                  .multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, *args, **kwargs: "shared")
                  .rl_module(rl_module_spec=modules)
                  .training(train_batch_size_per_learner=steps, minibatch_size=steps*members//MINIBATCHES,
                            num_epochs=EPOCHS, lr=PPO["learning_rate"], gamma=PPO["gamma"],
                            lambda_=PPO["gae_lambda"], clip_param=PPO["clip"], vf_loss_coeff=PPO["vf_coef"],
                            grad_clip=PPO["max_grad_norm"], grad_clip_by="global_norm", use_kl_loss=False,
                            entropy_coeff=0.0, vf_clip_param=1e6)
                  .debugging(seed=seed))
        self.algo, self.steps = config.build_algo(), steps
        learned = self.algo.learner_group._learner.module["shared"]
        with torch.no_grad():                                   # RLlib starts with a standard deviation of 1
            for name, p in learned.named_parameters():
                if "log_std" in name: p.fill_(PPO["log_std_init"])
            *_, weight, bias = learned.pi.parameters()
            weight *= 0.01                                      # and with a policy that acts at once
        self.algo.env_runner.module["shared"].load_state_dict(learned.state_dict(), strict=False)
        self.parameters = sum(p.numel() for p in learned.parameters())

    def iterate(self): self.algo.train()

    def controller(self, B):
        module = self.algo.get_module("shared")
        def act(seen):
            x = torch.as_tensor(vectors(seen), dtype=torch.float32)
            out = module.forward_inference({"obs": x.flatten(0, 1)})["action_dist_inputs"]
            mean = out[:, :out.shape[1]//2].unflatten(0, x.shape[:2])
            return mean.numpy().transpose(0, 2, 1)
        return act


LEARNERS = {"rl4da": Ours, "RLlib": RLlib}


def evaluate(exp, controller, B=32, cycles=200, burn_in=40):
    "Analysis RMSE and spread, without exploration, of `B` episodes on path 0, which no training sees."
    env, act = AssimilationVectorEnv(B, exp, task(exp)), controller(B)
    seen, _ = env.reset(seed=1000, options={"path": 0})
    errors, spreads = [], []
    with torch.no_grad():
        for t in range(cycles):
            seen, *_ = env.step(np.asarray(act(seen)))
            errors.append(env.cycles.last["rmse_a"])
            spreads.append(env.cycles.last["spread_a"])
    return {"rmse_a": float(np.mean(errors[burn_in:])), "spread_a": float(np.mean(spreads[burn_in:]))}


def ask(name, config, seed):
    "What multiagent.py may ask of the learner `name`."
    torch.set_num_threads(1)
    exp = load_config(config)
    return answers(LEARNERS[name](exp, int(seed)), lambda controller: evaluate(exp, controller))


if __name__ == "__main__": serve(lambda: ask(*sys.argv[1:]))
