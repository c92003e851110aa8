"""What pyproject.toml cannot say: the templates, which lie beside the package, are installed within it."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithTemplates(build_py):
    """Puts them where ``optiga.cloud.aws.policies`` looks."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            self.copy_tree("templates", str(Path(self.build_lib, "optiga", "templates")))


setup(cmdclass={"build_py": BuildWithTemplates})
