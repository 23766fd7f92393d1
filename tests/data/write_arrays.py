#!/usr/bin/env python3
"""Writes .npz and .npy files with NumPy itself, for the tests of data/array_images: pixels.raw (uint8, N x H x W x C)
and labels.raw (uint8, N) of FOLDER in every form that is read, and in forms that are refused."""
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
count, height, width, channels = (int(word) for word in sys.argv[2:6])
pixels = np.fromfile(folder / "pixels.raw", np.uint8).reshape(count, height, width, channels)
images = pixels[..., 0] if channels == 1 else pixels
labels = np.fromfile(folder / "labels.raw", np.uint8).reshape(count, 1)
cuts = {"train": slice(0, count // 2), "val": slice(count // 2, 3 * count // 4), "test": slice(3 * count // 4, count)}
medmnist = {f"{split}_{what}": array[cut] for split, cut in cuts.items()
            for what, array in (("images", images), ("labels", labels))}

np.savez_compressed(folder / "compressed.npz", **medmnist)
np.savez(folder / "stored.npz", **medmnist)
np.savez_compressed(folder / "object.npz", **(medmnist | {"train_images": np.array([{}, []], dtype=object)}))
np.savez_compressed(folder / "no_labels.npz", **{k: v for k, v in medmnist.items() if k != "val_labels"})
np.savez_compressed(folder / "fortran.npz", **(medmnist | {"train_images": np.asfortranarray(medmnist["train_images"])}))
multi = np.arange(count, dtype=np.int64) % 3
np.savez_compressed(folder / "multi.npz", train_images=images, train_labels=multi.reshape(-1, 1))
findings = np.stack([multi == 0, multi == 1, labels[:, 0] > 0], axis=1).astype(np.int64)
one_hot = np.eye(2, dtype=np.uint8)[labels[:, 0]]
np.savez_compressed(folder / "one_hot.npz", train_images=images, train_labels=one_hot)
np.savez_compressed(folder / "findings.npz", train_images=images, train_labels=findings)


def pairs(name, make_images, make_labels, image_key="X_{}", label_key="y_{}"):
    (folder / name).mkdir()
    for split, cut in cuts.items():
        np.save(folder / name / (image_key.format(split) + ".npy"), make_images(images[cut]))
        np.save(folder / name / (label_key.format(split) + ".npy"), make_labels(labels[cut]))


scaled = lambda array: array / np.float64(255)
pairs("uint8", lambda a: a, lambda a: a[:, 0], "{}_images", "{}_labels")
pairs("float32", lambda a: scaled(a).astype("<f4"), lambda a: a[:, 0].astype(np.float32))
pairs("float64_big", lambda a: scaled(a).astype(">f8"), lambda a: a.astype(">i4"), "x_{}", "y_{}")
pairs("uint16", lambda a: a.astype(np.uint16) * 257, lambda a: a[:, 0].astype(bool))
pairs("channels_first", lambda a: np.moveaxis(a.reshape(-1, height, width, channels), 3, 1).copy(), lambda a: a)
pairs("float_255", lambda a: a.astype(np.float32), lambda a: a)
