"""Every parameter of filter, data, environment, network, PPO and curriculum, for every experiment.

An experiment's own file (logs/<NAME>/config.py) says only which system it is (`model_class`, `params`).
A key in both files is an error. What must differ between systems stands here in a small table, looked up
by experiment name first ("L96_1"), then by model class ("L96").
"""

# The project's agent: one set of weights for every site, which corrects a site-wise Kalman update.
local = {
    # --- the task (rl4da.env)
    "action": "shift_scale",         # analysis | increment | shift_scale: what the policy's numbers mean
    "start": "scalar",               # none | scalar | eakf: the update that the action corrects
    "reference": "truth",            # analysis | online | truth: what the reward compares with
    "reward": "crps",                # rmse | member | crps
    "sees": ("mean", "spread", "innovation", "gain", "correlation"),   # features the policy is shown
    "critic_sees": ("error",),       # what only the critic is shown, in training; "error" holds the truth
    "temporal_window": 3,            # cycles of the past in the observation
    "episode_cycles": 250,           # cycles until an episode is truncated, at most path_cycles
    "lost_rmse": 0.5,                # an episode ends when the forecast is this far off, in normalized space
    # --- the network (rl4da.lstm)
    "network": "local",              # local (shared along the ring) | temporal (LSTM over the whole state)
    "memory": "window",              # none | window | recurrent: how the past enters
    "hidden_size": 16,               # units of the LSTM
    "num_layers": 1,                 # layers of the LSTM
    "head_size": 64,                 # units of the two layers of policy and critic
    "reach": 3,                      # neighbors to either side that a site sees
    "log_std_init": -1.0,            # log of the exploration std, in units of the action
    "learn_std": False,              # False: exploration stays as it is; the evaluated policy has none
    # --- PPO (rl4da.ppo)
    "ratio": "site",                 # joint | member | site: one probability ratio for each of these
    "total_timesteps": 400_000,      # environment steps (assimilation cycles) of a full training
    "num_envs": 64,                  # experiments side by side
    "num_steps": 8,                  # cycles an environment runs before each update
    "chunk_steps": 1,                # length of the recurrent pieces; divides num_steps (no state: 1)
    "update_epochs": 4,              # passes over each rollout
    "num_minibatches": 4,            # pieces of a rollout
    "learning_rate": 2e-3,           # Adam's, at the start
    "anneal_lr": True,               # fall linearly to 0 at total_timesteps
    "gamma": 0.5,                    # discount: a correction pays off within a few cycles
    "gae_lambda": 0.9,               # advantage estimation: 0 one step, 1 the whole episode
    "clip_coef": 0.2,                # PPO's clip of the ratio
    "clip_vloss": False,             # clip the value loss, too
    "ent_coef": 0.0,                 # weight of the entropy bonus
    "vf_coef": 0.5,                  # weight of the value loss
    "max_grad_norm": 0.5,            # gradients are scaled down to this norm
    "target_kl": 0.1,                # a minibatch that finds the policy this far off ends the update; None = never
    "norm_adv": True,                # advantages to mean 0, std 1 in each minibatch
}

# The same agent on top of the EAKF without inflation: it learns what inflation and localization are for.
eakf = {**local, "start": "eakf"}

# The same, learned by asking the simulator what pairs of actions would earn; it sees pure numbers only.
pairs = {
    **eakf,
    "sees": ("departure", "surprising", "gain", "log_spread", "start_shift", "start_log_spread", "observed",
             "correlation"),
    "critic_sees": (),
    "remembers": ("departure", "shift", "log_spread"),
    "temporal_window": 1,
    "memory": "flat",                # the window itself, no LSTM
    "log_std_init": -2.0,
    "pairs": 4,
    "total_timesteps": 65_536,
    "gamma": 0.0,
}

# The same on a localized EAKF, seeing farther: for a ring of which every fourth site is observed.
pairs_far = {
    **pairs,
    "start": "localized",
    "block": 4,                      # one network for every block of four sites, which begins with an observed one
    "reach": 6,
    "past_reach": 4,
    "temporal_window": 3,
    "head_size": 96,
    "total_timesteps": 400_000,
}

# The same task with one LSTM over the whole state, for systems whose variables are not alike (Lorenz-63). There a
# forecast can be on the wrong wing for a moment, which must not end the episode.
whole = {**eakf, "network": "temporal", "hidden_size": 32, "lost_rmse": 1.0}

# The agent of the earlier project, from which this one grew, kept one word away: `make train AGENT=earlier`.
earlier = {
    # --- the task
    "action": "analysis",            # the whole normalized analysis ensemble
    "start": "none",                 # nothing below it
    "reference": "analysis",         # the precomputed EAKF analysis
    "reward": "rmse",                # 1 - normalized RMSE, in [-1, 1]
    "sees": ("forecast", "observation", "mean", "spread"),
    "critic_sees": (),
    "temporal_window": 3,            # cycles of [analysis, forecast error, spread]
    "episode_cycles": 1000,
    "lost_rmse": 0.5,
    # --- the network
    "network": "temporal",
    "memory": "window",
    "hidden_size": 512,
    "num_layers": 2,
    "head_size": 256,
    "reach": 0,
    "log_std_init": 0.0,             # a first exploration std of 1 in a space of [-3, 3]
    "learn_std": True,
    # --- PPO
    "ratio": "joint",
    "total_timesteps": 1_000_000,
    "num_envs": 1,
    "num_steps": 2048,
    "chunk_steps": 1,
    "update_epochs": 10,
    "num_minibatches": 32,           # 2048 / 32 = a batch size of 64
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

# One agent per ensemble member, all with the same weights (07): each moves its own member, on top of a localized EAKF
# without inflation, and is paid its own contribution to the CRPS.
multi = {
    **local,
    "action": "shift",               # a number for each member and site
    "start": "localized",
    "reward": "difference",          # 1 + the member's share of -M CRPS, in observation errors
    "sees": (*local["sees"], "own_anomaly"),
    "critic_sees": ("start_error",),     # with "ring": a critic that knows the whole ring
    "network": "members",            # members | member_vector | member_vectors (weights of their own)
    "memory": "none",
    "head_size": 48,
    "log_std_init": -1.5,
    "ratio": "member_site",          # or member
    "total_timesteps": 40_000,
    "num_envs": 32,
    "update_epochs": 3,
    "learning_rate": 4e-3,
}

# The same on top of a Kalman update of each site alone; and with the earlier project's reward, 1 - RMSE of each member,
# for which the best ensemble has no spread.
multi_scalar = {**multi, "start": "scalar", "critic_sees": ("error",), "total_timesteps": 60_000}
multi_rmse = {**multi, "reward": "member"}

# One agent for each member as the earlier project had them: 4 N numbers in, the N values of the analysis out, 1 - RMSE.
earlier_members = {
    **earlier,
    "reference": "truth",
    "reward": "member",
    "sees": ("own_previous", "own_forecast", "own_tendency", "observation"),
    "network": "member_vector",
    "memory": "none",
    "hidden_size": 64,
    "num_layers": 1,
    "ratio": "member",
    "num_envs": 4,
    "num_steps": 1000,               # a batch of 4000
    "num_minibatches": 31,           # of 128
    "learning_rate": 1e-4,
}

# The earlier project's network, an LSTM of 512 x 2 with a window of 3 cycles, on a task that it can learn: imitate the
# EAKF's analysis of its own forecast, with no filter inside (nbs/pages/agents/imitation.ipynb). `make train AGENT=imitate`.
imitate = {
    **earlier,
    "action": "shift_scale",         # 40 numbers, not 400
    "reference": "online",           # the EAKF, as configured, on the agent's own forecast
    "reward": "crps",                # of each site
    "sees": ("surprise", "spread"),
    "episode_cycles": 50,            # so that the curriculum soon has many paths
    "log_std_init": -1.5,
    "learn_std": False,
    "ratio": "site",
    "total_timesteps": 32_768,
    "num_envs": 64,
    "num_steps": 8,
    "update_epochs": 4,
    "num_minibatches": 4,
    "learning_rate": 1e-3,
    "anneal_lr": True,
    "gamma": 0.1,
    "gae_lambda": 0.9,
    "ent_coef": 0.0,
    "target_kl": 0.1,
}

config = {
    # --- ensemble, filter and observations
    # members; model time units a Runge-Kutta step; model time units between observations (one cycle)
    "num_ensembles": {"L96": 20, "L63": 20, "L96_mnmef": 10},
    "dtda": {"L96": 2.5e-3, "L63": 2.5e-3, "L96_mnmef": 0.03},
    "oda": {"L96": 1.0, "L63": 1.0, "L96_mnmef": 0.15},
    "observe_every": {"L96": 1, "L63": 1, "L96_mnmef": 4},      # every k-th site is observed
    # error variance of each observation: std 0.316; 1 where the forcing of 8 leaves nothing better to reach
    "observation_variance": {"L96": 0.1, "L63": 0.1, "L96_4": 1.0, "L96_5": 1.0, "L96_6": 1.0,
                             "L96_mnmef": 1.0},
    "initial_std": 1.0,                           # std of the first ensemble about the truth
    # factor on the forecast anomalies (variance: its square); tuned where 5.0, handed down, loses the truth
    "inflation": {"L96": 5.0, "L63": 1.5, "L96_4": 1.4, "L96_5": 1.4, "L96_6": 1.4, "L96_mnmef": 1.06},
    # Gaspari-Cohn half-width in sites; none where not named
    "localization": {"L96_4": 4.0, "L96_5": 4.0, "L96_6": 4.0, "L96_mnmef": 3.6},
    # --- data
    "total_steps": 1_000_000,                     # stored steps of the trajectory
    "warmup_steps": 100_000,                      # steps before the first stored one
    "sample_last": 500_000,                       # path starts are drawn from this many last steps
    "num_paths": 100,                             # path 0 is for evaluation, the others for training
    "path_cycles": 1000,                          # cycles a path
    "seed": 0,                                    # of every random draw
    # --- normalization
    "norm_percentiles": (1.0, 99.0),              # these become -1 and 1
    "norm_range": 3.0,                            # a forecast beyond this ends the episode
    "norm_buffer": 3.1,                           # values are clipped here
    # --- agents
    "agent": {"L96": "local", "L63": "whole", "L96_mnmef": "pairs_far"},    # the preset that is trained unless another is asked for
    "agents": {"local": local, "eakf": eakf, "pairs": pairs, "pairs_far": pairs_far, "whole": whole, "imitate": imitate, "multi": multi,
               "multi_scalar": multi_scalar, "multi_rmse": multi_rmse, "earlier": earlier,
               "earlier_members": earlier_members, "seed": earlier},      # `seed`: an older spelling of `earlier`
    "use_cuda": False,                            # train on the GPU, if there is one
    # --- curriculum
    "enable_curriculum": True,                    # off: every training path from the start
    "curriculum_start_paths": 1,                  # training paths at level 1
    "curriculum_max_paths": 99,                   # at most num_paths - 1
    "curriculum_episodes_per_path": 100,          # level n needs 100 / n complete episodes
    "curriculum_success_rate": 0.7,               # share of complete episodes that lets the level rise
}
