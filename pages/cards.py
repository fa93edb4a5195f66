"""Cards: how each model was made, every training run, and what a model sees of a film."""

from xray.dashboard import page, sections
from xray.dashboard.views.cards import models, runs, seen

page.enter()

sections.show({"Models": models.show, "Runs": runs.show, "What the model sees": seen.show})
