"""Every parameter of filter, data, environment, network, PPO and curriculum, for every experiment.

An experiment's own file (logs/<NAME>/config.py) says only which system it is (`model_class`, `params`).
A key in both files is an error. What must differ between systems stands here in a small table, looked up
by experiment name first ("L96_1"), then by model class ("L96").
"""

# The project's agent: one set of weights for every site, which corrects a site-wise Kalman update.
local = {
    # --- the task (rl4da.env)
    "action": "shift_scale",         # analysis | increment | shift_scale: what the policy's numbers mean
    "start": "scalar",               # none | scalar | eakf: the update that shift_scale corrects
    "reference": "truth",            # analysis | online | truth: what the reward compares with
    "reward": "crps",                # rmse | member | crps
    "sees": ("mean", "spread", "innovation", "correlation"),    # features the policy is shown
    "temporal_window": 3,            # cycles of the past in the observation
    "episode_cycles": 1000,          # cycles until an episode is truncated, at most path_cycles
    # --- the network (rl4da.lstm)
    "network": "local",              # local (shared along the ring) | temporal (LSTM over the whole state)
    "memory": "window",              # none | window | recurrent: how the past enters
    "hidden_size": 64,               # units a layer
    "num_layers": 2,                 # layers
    "log_std_init": -1.5,            # log of the first exploration std (0.22)
    # --- PPO (rl4da.ppo)
    "ratio": "site",                 # joint | member | site: one probability ratio for each of these
    "total_timesteps": 200_000,      # environment steps (assimilation cycles) of a full training
    "num_envs": 32,                  # experiments side by side
    "num_steps": 8,                  # cycles an environment runs before each update
    "chunk_steps": 8,                # length of the recurrent pieces; divides num_steps
    "update_epochs": 4,              # passes over each rollout
    "num_minibatches": 4,            # pieces of a rollout; divides num_envs * num_steps
    "learning_rate": 1e-3,           # Adam's, at the start
    "anneal_lr": True,               # fall linearly to 0 at total_timesteps
    "gamma": 0.5,                    # discount: a correction pays off within a few cycles
    "gae_lambda": 0.9,               # advantage estimation: 0 one step, 1 the whole episode
    "clip_coef": 0.2,                # PPO's clip of the ratio
    "clip_vloss": False,             # clip the value loss, too
    "ent_coef": 0.0,                 # weight of the entropy bonus
    "vf_coef": 0.5,                  # weight of the value loss
    "max_grad_norm": 0.5,            # gradients are scaled down to this norm
    "target_kl": None,               # stop an update's epochs at this KL divergence; None = never
    "norm_adv": True,                # advantages to mean 0, std 1 in each minibatch
}

# The seed project's agent, kept one word away: `make train AGENT=seed`.
seed = {
    # --- the task
    "action": "analysis",            # the whole normalized analysis ensemble
    "start": "none",                 # nothing below it
    "reference": "analysis",         # the precomputed EAKF analysis
    "reward": "rmse",                # 1 - normalized RMSE, in [-1, 1]
    "sees": ("forecast", "observation", "mean", "spread"),
    "temporal_window": 3,            # cycles of [analysis, forecast error, spread]
    "episode_cycles": 1000,
    # --- the network
    "network": "temporal",
    "memory": "window",
    "hidden_size": 512,
    "num_layers": 2,
    "log_std_init": 0.0,             # a first exploration std of 1 in a space of [-3, 3]
    # --- PPO
    "ratio": "joint",
    "total_timesteps": 1_000_000,
    "num_envs": 1,
    "num_steps": 2048,
    "chunk_steps": 64,
    "update_epochs": 10,
    "num_minibatches": 32,           # 2048 / 32 = the seed's batch size of 64
    "learning_rate": 3e-4,
    "anneal_lr": False,
    "gamma": 0.99,
    "gae_lambda": 0.95,
    "clip_coef": 0.2,
    "clip_vloss": False,
    "ent_coef": 0.01,
    "vf_coef": 0.5,
    "max_grad_norm": 0.5,
    "target_kl": None,
    "norm_adv": True,
}

config = {
    # --- ensemble, filter and observations
    "num_ensembles": 20,                          # members
    "dtda": 2.5e-3,                               # model time units a Runge-Kutta step
    "oda": 1.0,                                   # model time units between observations: one cycle
    "observation_variance": 0.1,                  # error variance of each observation (std 0.316)
    "initial_std": 1.0,                           # std of the first ensemble about the truth
    "inflation": {"L96": 5.0, "L63": 1.5},        # factor on the forecast anomalies (variance: its square)
    "localization": {},                           # Gaspari-Cohn half-width in sites; none where not named
    # --- data
    "total_steps": 1_000_000,                     # stored steps of the trajectory
    "warmup_steps": 100_000,                      # steps before the first stored one
    "sample_last": 500_000,                       # path starts are drawn from this many last steps
    "num_paths": 100,                             # path 0 is for evaluation, the others for training
    "path_cycles": 1000,                          # cycles a path
    "seed": 0,                                    # of every random draw
    # --- normalization
    "norm_percentiles": (1.0, 99.0),              # these become -1 and 1
    "norm_range": 3.0,                            # bounds of actions and observations
    "norm_buffer": 3.1,                           # values are clipped here
    # --- agents
    "agent": "local",                             # the preset that is trained unless another is asked for
    "agents": {"local": local, "eakf": {**local, "start": "eakf"}, "seed": seed},
    "use_cuda": False,                            # train on the GPU
    # --- curriculum
    "enable_curriculum": True,                    # off: every training path from the start
    "curriculum_start_paths": 1,                  # training paths at level 1
    "curriculum_max_paths": 99,                   # at most num_paths - 1
    "curriculum_episodes_per_path": 100,          # level n needs 100 / n complete episodes
    "curriculum_success_rate": 0.7,               # share of complete episodes that lets the level rise
}
