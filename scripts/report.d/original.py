"""Words about the study that this one re-does. Its numbers are not here: they come with the table `headline`."""

COLUMNS = {"val_auc": "AUC", "f1": "F1", "precision": "precision", "recall": "recall", "val_accuracy": "accuracy",
           "train_accuracy": "train accuracy", "ms_per_batch": "ms per batch of 32", "images_per_s": "images/s"}
HOW = ("Original: one seed, no intervals; its \"val\" was the 624-image test set, which also chose its checkpoint; its "
       "latency held data loading and loss, without warm-up. Ours: means over seeds on test (train accuracy: on train), "
       "checkpoints chosen on val; latency of the forward pass alone. F1, precision, recall and accuracy at probability "
       ".5, as the original had them.")


def digits(column):
    return 1 if column in ("ms_per_batch", "images_per_s") else 3
