"""The learner's own measurements against Amdahl's law and the Universal Scalability Law."""

from collections.abc import Mapping

from pmtech.charts.scalability import figure, fitted, said
from pmtech.panels.figure import Figure


def scalability(measured: Mapping[int, float]) -> Figure:
    """What more servers bring, from your own numbers: `scalability({1: 80, 2: 152, 4: 283})`.

    measured: number of servers -> requests served a second, at least three of them, as a load test gives them.
    The Universal Scalability Law is fitted to them; Amdahl's law is the same curve without its cost of agreeing.
    Sources: Amdahl, AFIPS 30 (1967); Gunther, "Guerrilla Capacity Planning" (2007), chapter 4.
    What this leaves out: how sure a fit to a few points is; another part that becomes the bottleneck beyond them.
    Raises ValueError with a sentence.
    """
    law = fitted(measured)
    return Figure(figure=figure(measured, law), height=320, name="Throughput against servers", said=said(measured, law))
