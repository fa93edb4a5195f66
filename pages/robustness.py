"""Robustness: on which films models fail, and on which changes of a film."""

from xray.dashboard import page, sections
from xray.dashboard.views.robustness import changed_films, subgroups, validation_to_test

page.enter()

sections.show(
    {
        "Where it fails": subgroups.show,
        "Validation to test": validation_to_test.show,
        "Changed films": changed_films.show,
    }
)
