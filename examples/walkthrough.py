"""Fast R-CNN stage by stage, as a notebook; open it in VS Code or Jupyter, or `python -m examples.walkthrough`.

The stages are those of the notebook from which this project grew: image, proposals, filters, RoI sampling, network,
losses, a few steps, detection, NMS, evaluation. It needs no download, no graphics card and some ten seconds.
Source: Girshick, Fast R-CNN, ICCV 2015; Uijlings et al., Selective Search, IJCV 2013.
"""

# %% [markdown]
# # Fast R-CNN, stage by stage
# Shape letters: H, W the image; N ground-truth boxes; P proposals; R sampled RoIs; K classes; D detections.

# %%
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch

from fastrcnn_core import Detector, drawing, evaluate, open_dataset, preset
from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.detection import predict, select
from fastrcnn_core.losses import losses
from fastrcnn_core.model import FastRCNN, image_tensor
from fastrcnn_core.proposals import funnel
from fastrcnn_core.roi_sampling import sample_rois
from fastrcnn_core.selective_search import search
from fastrcnn_core.structures import AnnotatedImage, FloatArray, SampledRoIs

OUT = Path(mkdtemp(prefix="walkthrough-"))
config = preset("minute")
config = replace(
    config,
    image=replace(config.image, shorter_side=300),
    proposals=replace(config.proposals, limit=500),
    model=replace(config.model, hidden=128),
)

# %% [markdown]
# ## 1. Image and ground truth
# A data set gives annotated images: pixels (H, W, 3) and boxes (N, 4) as x1, y1, x2, y2 in pixels, x2 and y2 exclusive.

# %%
dataset = open_dataset("synthetic:10")
annotated = dataset.load(dataset.split.train[0])
print(f"{annotated.image.pixels.shape = }, {annotated.boxes.tolist() = }")

# %% [markdown]
# ## 2. Proposals
# Selective Search segments the image, merges similar neighbouring regions until one is left, and takes the box of each.

# %%
found = search(annotated.image, config.proposals)
print(f"{len(found.boxes)} boxes from {len(found.strategies)} strategies")

# %% [markdown]
# ## 3. Filters
# Small boxes and near-duplicates go, the best ranked stay. Which filter loses the best box of a person?

# %%
stages = funnel(found, config.proposals)
for stage in stages.stages:
    iou = pairwise_iou(found.boxes[stage.survivors], annotated.boxes)
    print(
        f"{stage.name:>12}: {len(stage.survivors):5} boxes, best IoU {np.round(iou.max(axis=0), 2)}"
    )
proposals = stages.proposals
drawing.save(
    drawing.draw(annotated.image, annotated=annotated, proposals=proposals[:50]),
    OUT / "proposals.png",
)

# %% [markdown]
# ## 4. RoI sampling
# Of an image's candidates 64 are drawn: at most a quarter foreground (IoU ≥ 0.5), the others background.

# %%
generator = torch.Generator().manual_seed(0)


def sample(annotated: AnnotatedImage, proposals: FloatArray) -> SampledRoIs:
    """Sample the RoIs of one image."""
    return sample_rois(
        proposals=torch.tensor(proposals),
        gt_boxes=torch.tensor(annotated.boxes),
        gt_labels=torch.tensor(annotated.labels),
        config=config.sampling,
        delta_std=config.model.delta_std,
        generator=generator,
    )


rois = sample(annotated, proposals)
print(
    f"{len(rois.labels)} RoIs, {int((rois.labels > 0).sum())} foreground, {rois.targets.shape = }"
)
drawing.save(drawing.draw(annotated.image, annotated=annotated, rois=rois), OUT / "rois.png")

# %% [markdown]
# ## 5. Network
# The backbone runs once an image; RoIAlign cuts 7 × 7 features out for each RoI; two outputs: class logits, box deltas.

# %%
model = FastRCNN(config.model, config.image, dataset.classes, generator=generator)
pixels = image_tensor(annotated.image)
outputs = model([pixels], [rois.boxes])
print(
    f"{model.features(pixels).map.shape = }, {outputs.class_logits.shape = }, {outputs.deltas.shape = }"
)

# %% [markdown]
# ## 6. Losses
# Cross-entropy of the class, and smooth L1 of the deltas for foreground RoIs only.

# %%
loss = losses(outputs, labels=rois.labels, targets=rois.targets, config=config.loss)
print(f"{loss.classification.item() = :.3f}, {loss.box.item() = :.3f}")

# %% [markdown]
# ## 7. A few steps
# Two images a step; the backbone is frozen, so that only the head learns. `fastrcnn_core.train` does this in full:
# flips, schedule, checkpoints, validation.

# %%
images = [annotated, *(dataset.load(name) for name in dataset.split.train[1:4])]
boxes = [
    proposals,
    *(
        funnel(search(image.image, config.proposals), config.proposals).proposals
        for image in images[1:]
    ),
]
optimiser = torch.optim.AdamW(model.head.parameters(), lr=1e-3)
history = []
model.train()
for step in range(12):
    chosen = [(2 * step) % 4, (2 * step + 1) % 4]
    sampled = [sample(images[index], boxes[index]) for index in chosen]
    outputs = model(
        [image_tensor(images[index].image) for index in chosen], [part.boxes for part in sampled]
    )
    loss = losses(
        outputs,
        labels=torch.cat([part.labels for part in sampled]),
        targets=torch.cat([part.targets for part in sampled]),
        config=config.loss,
    )
    optimiser.zero_grad()
    loss.total.backward()
    optimiser.step()
    history.append(loss.total.item())
print("loss:", np.round(history, 2))

# %% [markdown]
# ## 8. Detection
# The slow half runs the network once: class scores and decoded boxes of every proposal, before any threshold.

# %%
predictions = predict(model, annotated.image, proposals)
print(f"{predictions.scores.shape = }, {predictions.boxes.shape = }")

# %% [markdown]
# ## 9. Threshold and NMS
# The fast half: keep confident boxes; of overlapping ones of a class keep the best, and remember what it suppressed.

# %%
for nms_iou in (0.3, 0.5, 0.9):
    detections = select(
        predictions, replace(config.detection, score_threshold=0.3, nms_iou=nms_iou)
    )
    print(
        f"NMS IoU {nms_iou}: {len(detections.boxes)} detections, {len(detections.suppressed.boxes)} suppressed"
    )

# %% [markdown]
# ## 10. Evaluation
# A few steps do not make a detector. The bundled one, without its test-time augmentation, on images of the test split:

# %%
detector = Detector.load(device="cpu", detection_config=config.detection)
names = dataset.split.test[:2]
result = evaluate(detector, dataset, names)
print(
    f"AP {result.AP:.3f}, AP50 {result.AP50:.3f} on {result.ground_truth} people in {result.images} images"
)
scene = dataset.load(names[0])
figure = drawing.draw(scene.image, result.found[names[0]], annotated=scene)
drawing.save(figure, OUT / "detections.png")
print(f"The pictures are in {OUT}.")
