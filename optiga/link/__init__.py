"""Line protocols as pure state machines: they take bytes and times, and return the next step."""
