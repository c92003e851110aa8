"""The FT260, a bridge from USB HID to I2C: its reports, and transfers over them, without a USB port."""
