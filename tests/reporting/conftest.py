"""A report as a browser reads it, and models of classes and of foreground that learned in seconds."""

import base64
import re
from html.parser import HTMLParser

import imageio.v3 as iio
import pytest

from maskloop.config import ClassConfig, NetworkConfig, TaskConfig, TrainConfig

PNG = "data:image/png;base64,"
ODD = "rim <b>&amp;"
CLASSES = TaskConfig(
    kind="classes",
    classes=(ClassConfig(name="inside", colour="#112233"), ClassConfig(name=ODD, colour="#aabbcc")),
)


class Page(HTMLParser):
    """The text of a page, its tags with what they name, and whether each that was opened is closed in its turn."""

    def __init__(self, file):
        super().__init__()
        self.text, self.tags, self.open = "", [], []
        self.source = file.read_text("utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def titles(self):
        return re.findall(r"<h2>(.*?)</h2>", self.source)

    def pictures(self):
        sources = [attributes["src"].removeprefix(PNG) for tag, attributes in self.tags if tag == "img"]
        return [iio.imread(base64.b64decode(source)) for source in sources]

    def rows(self):
        """The cells of all tables, row by row."""
        rows = re.findall(r"<tr>(.*?)</tr>", self.source)
        return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in rows]

    def require_nothing_else(self):
        """Require that it refers to nothing outside of itself."""
        linked = [a.get(name, "#") for _, a in self.tags for name in ("src", "href", "xlink:href", "action", "data")]
        assert all(link.startswith((PNG, "#")) for link in linked)
        assert set(re.findall(r"url\((.)", self.source)) <= {"#"}
        assert "@import" not in self.source
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", self.source)  # names of formats, which nothing fetches
        assert {"script", "link", "iframe", "object", "base"}.isdisjoint(tag for tag, _ in self.tags)


@pytest.fixture(scope="session")
def read_page():
    """The class `Page`, which reads a file."""
    return Page


@pytest.fixture(scope="session")
def learn(tmp_path_factory):
    """A function that trains a model on a folder in seconds, with two images held out."""
    from maskloop import train

    def learn(folder, task, **choices):
        network = NetworkConfig(filters=(4, 8), task=task)
        usual = {"base": "none", "epochs": 12, "crop": 32, "batch": 2, "steps": 12, "learning_rate": 0.02}
        model = tmp_path_factory.mktemp("models") / task.kind
        return model, train(folder, model, TrainConfig(**usual | choices, validation=2, seed=7, network=network))

    return learn


@pytest.fixture(scope="session")
def of_classes(class_data, learn):
    """A model of two classes, and its card."""
    return learn(class_data, CLASSES)


@pytest.fixture(scope="session")
def of_foreground(class_data, learn):
    """A model of the foreground of whole images, and its card."""
    return learn(class_data, TaskConfig(kind="foreground"), whole=True, steps=None, schedule="plateau", patience=None)
