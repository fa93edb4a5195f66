"""Label films: devices marked by people, blind to each other and to the diagnosis."""

from xray.dashboard import choices, dataset_page, links, page
from xray.dashboard.views import label_review, labelling

page.enter()

VIEWS = ("Label", "Agreement", "Decide", "Export and import")

shown = dataset_page.begin(
    lambda _: "Mark the devices on films, one key each",
    "Two people look at each film without its name, its diagnosis or each other's marks. The films "
    "the audit is most unsure of come first. Every key is saved at once.",
    lambda _: {"view": links.Choice(VIEWS)},
)
if shown and shown.folder is None:
    page.empty("There are no films here to look at", dataset_page.NO_FILMS, dataset_page.GET_FILMS)
elif shown:
    view = choices.choose("View", VIEWS, "view", hidden=True)
    with page.guard(view):
        who = labelling.labeller()
        if who is not None and view == VIEWS[0]:
            labelling.workplace(shown, who)
        elif who is not None and view == VIEWS[1]:
            label_review.agreement(shown)
        elif who is not None and view == VIEWS[2]:
            label_review.decide(shown, who)
        elif who is not None:
            label_review.exchange(shown, who)
