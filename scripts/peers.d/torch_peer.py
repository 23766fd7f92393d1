"""PyTorch as a peer: eager or compiled, contiguous (nchw) or channels_last (nhwc), inference or training."""

import torch
import torch.nn.functional as F
from torch import nn

import network
import operators
from works import INPUTS


class Unit(nn.Module):
    """A block or a pool alone, its convolution under the network's name."""

    def __init__(self, work, form):
        super().__init__()
        self.form = form
        shape = INPUTS["pool" + work.unit[-1]]
        self.down = network.downsample(work.variant, shape)
        self.layer = None
        if work.unit.startswith("block"):
            self.layer = "conv" + work.unit[-1]
            stride = operators.table()[work.variant].conv_stride
            setattr(self, self.layer, nn.Conv2d(INPUTS[work.unit][0], shape[0], 5, stride))

    def forward(self, x):
        if self.layer is not None:
            x = F.relu(getattr(self, self.layer)(x))
        # Every second pixel alone is a view, which leaves its work to the next operator; here it has to do it.
        return self.down(x).contiguous(memory_format=self.form)


class TorchPeer:
    def __init__(self, name, work, files, arguments):
        weights, x, target = files
        _, way, layout = name.split("-")
        self.work, self.compiled = work, way == "compile"
        form = torch.channels_last if layout == "nhwc" else torch.contiguous_format
        model = network.LeNet(work.variant) if work.unit == "network" else Unit(work, form)
        model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
        self.model = model.to(memory_format=form)
        self.x = torch.from_numpy(x).clone(memory_format=torch.contiguous_format).to(memory_format=form)
        self.target = None
        if target is not None:
            self.target = torch.from_numpy(target)
            if self.target.ndim == 4:
                self.target = self.target.to(memory_format=form)
        self.version = torch.__version__
        self.detail = {"onednn": torch.__config__.show().split("MKL-DNN v")[1].split(" ")[0]}
        (self.prepare_forward if work.mode == "forward" else self.prepare_training)()

    def prepare_forward(self):
        self.model.eval()
        if self.compiled:
            # Freezing packs the weights once, as the inference engines do.
            torch._inductor.config.freezing = True
            self.model = torch.compile(self.model)
        self.iterate = self.forward
        self.iterate()

    def forward(self):
        with torch.inference_mode():
            self.result = self.model(self.x)

    def prepare_training(self):
        if self.work.unit == "network":
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=1e-5, momentum=0.9, weight_decay=1e-4,
                                             fused=True)
            model = self.model

            def loss(x, target):
                return F.binary_cross_entropy_with_logits(model(x), target)

            self.loss = torch.compile(loss) if self.compiled else loss
            self.iterate = self.step
        else:
            self.x.requires_grad_(self.work.unit != "block1")
            self.model = torch.compile(self.model) if self.compiled else self.model
            self.iterate = self.forward_backward

    def step(self):
        self.optimizer.zero_grad()
        self.result = self.loss(self.x, self.target)
        self.result.backward()
        self.optimizer.step()

    def forward_backward(self):
        self.model.zero_grad()
        self.x.grad = None
        self.model(self.x).backward(self.target)

    def check(self):
        if self.work.mode == "forward":
            self.iterate()
            return self.result.contiguous().numpy().ravel()
        if self.work.unit == "network":
            losses = []
            for _ in range(3):
                self.iterate()
                losses.append(self.result.detach())
            return torch.stack(losses).numpy()
        self.iterate()
        gradient = next(self.model.parameters()).grad if self.work.unit.startswith("block") else self.x.grad
        return gradient.contiguous().numpy().ravel()


def make(name, work, files, arguments, refuse):
    if arguments.data_type != "f32":
        refuse("PyTorch is timed in float32 only")
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    return TorchPeer(name, work, files, arguments)
