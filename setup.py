"""What pyproject.toml cannot state of the wheel: the shipped data of `assets` lies inside the package."""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

DATA = "fastrcnn_core.assets"


class BuildWithoutTools(build_py):
    """Leaves out the modules beside the data: they make it, and are no part of the package."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        return [] if package == DATA else super().find_package_modules(package, package_dir)


setup(
    packages=[*find_packages(include=["fastrcnn_core*"]), DATA],
    package_dir={DATA: "assets"},
    package_data={
        "fastrcnn_core": ["py.typed"],
        DATA: [
            "checkpoints/*",
            "street_scenes/Annotation/*",
            "street_scenes/PNGImages/*",
            "street_scenes/PedMasks/*",
        ],
    },
    include_package_data=False,
    cmdclass={"build_py": BuildWithoutTools},
)
