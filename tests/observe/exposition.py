"""Reading what a server tells Prometheus, as Prometheus does."""

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families


class Exposition:
    """One page of metrics."""

    def __init__(self, text: str) -> None:
        self.families: dict[str, Metric] = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [sample for family in self.families.values() for sample in family.samples]

    @property
    def names(self) -> set[str]:
        """What can be asked for: the names of all samples, and of histograms without any."""
        histograms = [name for name, family in self.families.items() if family.type == "histogram"]
        parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
        return {sample.name for sample in self.samples} | parts

    def value(self, name: str, **labels: str) -> float:
        """Return the value of a sample; 0 for one nobody counted yet."""
        found = [s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items()]
        return sum(found)

    def labels(self, name: str, label: str) -> set[str]:
        """Return every value of a label."""
        return {sample.labels[label] for sample in self.samples if sample.name == name}


def scrape(port: int) -> Exposition:
    """Read the page at an admin port."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    answer.raise_for_status()
    return Exposition(answer.text)
