pytest_plugins = ["optiga.testing.pytest_plugin"]
