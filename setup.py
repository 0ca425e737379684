"""The wheel's contents that pyproject.toml cannot state: the shipped data of `assets` lies inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["fastrcnn_core*"]), "fastrcnn_core.assets"],
    package_dir={"fastrcnn_core.assets": "assets"},
    package_data={
        "fastrcnn_core": ["py.typed"],
        "fastrcnn_core.assets": [
            "checkpoints/*",
            "street_scenes/PNGImages/*",
            "street_scenes/PedMasks/*",
            "street_scenes/*.txt",
            "street_scenes/*.md",
        ],
    },
    # Modules and pictures of `assets` itself are tools and documentation.
    exclude_package_data={"fastrcnn_core.assets": ["*.py"]},
    include_package_data=False,
)
