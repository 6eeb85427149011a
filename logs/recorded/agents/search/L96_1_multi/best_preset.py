# Best of 16 trials on L96_1: RMSE 0.1713 after 8192 steps (the preset: 0.1713 after 8192)
multi_tuned = {
    **multi,
}
