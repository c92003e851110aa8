"""Device files and what the kernel says of them, made in a folder."""

from __future__ import annotations

from pathlib import Path

from optiga.transport.linux_devices import LinuxDevices


class LinuxTree:
    """A small machine.

    :param root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.devices = LinuxDevices(root / "sys", root / "dev", root / "proc")
        (root / "dev").mkdir()
        for folder in ("bus/usb/devices", "class/hidraw", "class/i2c-dev", "bus/i2c/devices"):
            (root / "sys" / folder).mkdir(parents=True)

    def plug_in(
        self,
        port: str = "1-1",
        *,
        identity: str = "0403:6030",
        node: int | None = None,
        driver: str = "hid-generic",
        i2c_bus: str = "",
        address: int = 5,
    ) -> Path:
        """An FT260 on a USB port, and the path of its device file.

        :param node: number of its hidraw node; None where it has none.
        :param i2c_bus: the I2C bus that the kernel's driver has made of it.
        """
        real = self.root / "sys" / "devices" / "pci0" / "usb1" / port
        interface = real / f"{port}:1.0"
        hid = interface / "0003:0403:6030.0001"
        hid.mkdir(parents=True)
        vendor, product = identity.split(":")
        for name, text in {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": str(address)}.items():
            (real / name).write_text(text + "\n")
        for path in (real, interface):
            (self.root / "sys/bus/usb/devices" / path.name).symlink_to(path)
        self._bind(hid, driver)
        if node is not None:
            (hid / "hidraw" / f"hidraw{node}").mkdir(parents=True)
            entry = self.root / "sys/class/hidraw" / f"hidraw{node}"
            entry.mkdir()
            (entry / "device").symlink_to(hid)
            (self.root / "dev" / f"hidraw{node}").touch()
        if i2c_bus:
            self.add_bus(i2c_bus, "FT260 usb-i2c bridge", parent=hid)
        usb_node = self.root / "dev/bus/usb/001" / f"{address:03}"
        usb_node.parent.mkdir(parents=True, exist_ok=True)
        usb_node.touch()
        return usb_node

    def add_bus(self, name: str, adapter: str, *, parent: Path | None = None, driver: str = "") -> None:
        """An I2C bus.

        :param adapter: what the kernel calls it.
        :param parent: the device that it belongs to; one of the machine's own by default.
        """
        device = parent or self.root / "sys/devices/platform" / f"for-{name}"
        bus = device / name
        bus.mkdir(parents=True)
        if driver:
            self._bind(device, driver)
        entry = self.root / "sys/class/i2c-dev" / name
        entry.mkdir()
        (entry / "device").symlink_to(bus)
        (entry / "name").write_text(adapter + "\n")
        (self.root / "sys/bus/i2c/devices" / name).symlink_to(bus)
        (self.root / "dev" / name).touch()

    def be(self, model: str) -> None:
        """A machine of a model, as its device tree says it."""
        folder = self.root / "proc/device-tree"
        folder.mkdir(parents=True)
        (folder / "model").write_bytes(model.encode() + b"\0")

    def _bind(self, device: Path, driver: str) -> None:
        target = self.root / "sys/bus/drivers" / driver
        target.mkdir(parents=True, exist_ok=True)
        (device / "driver").symlink_to(target)
