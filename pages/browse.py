"""Browse: any film by what is known of it and by what the models made of it."""

from xray.dashboard import page, sections
from xray.dashboard.views.browse import film_map, films

page.enter()

sections.show({"Films": films.show, "Map": film_map.show})
