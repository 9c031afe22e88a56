"""The network: a U-Net with several heads, its loss, its weights on disk, the device that it runs on."""
