"""Which weights a network has, told without building it: where TensorFlow may not be loaded."""

from maskloop.config import NetworkConfig

Shapes = dict[str, tuple[int, ...]]


def weight_shapes(network: NetworkConfig) -> Shapes:
    """Return the shape of each weight that a network of `maskloop.model.unet` has, by its name in a weights file."""
    filters, shapes, entering = network.filters, Shapes(), network.channels
    for level, own in enumerate(filters):
        shapes |= _block(f"down{level}", entering, own, network)
        entering = own
    for level in reversed(range(len(filters) - 1)):
        own, below = filters[level], filters[level + 1]
        if network.upsampling == "transposed":
            shapes |= {f"double{level}/kernel": (2, 2, own, below), f"double{level}/bias": (own,)}
            below = own
        shapes |= _block(f"up{level}", own + below, own, network)
    heads = network.task.heads
    layers = {"maps": len(heads)} if network.task.kind == "classes" else dict.fromkeys(heads, 1)
    return shapes | {
        name: shape
        for layer, maps in layers.items()
        for name, shape in ((f"{layer}/kernel", (1, 1, filters[0], maps)), (f"{layer}/bias", (maps,)))
    }


def _block(name: str, entering: int, own: int, network: NetworkConfig) -> Shapes:
    shapes = Shapes()
    for part, seen in (("a", entering), ("b", own)):
        shapes[f"{name}{part}/kernel"] = 3, 3, seen, own
        if network.normalisation == "batch":
            parts = ("gamma", "beta", "moving_mean", "moving_variance")
            shapes |= {f"{name}{part}_norm/{of_norm}": (own,) for of_norm in parts}
        else:
            shapes[f"{name}{part}/bias"] = (own,)
    return shapes
