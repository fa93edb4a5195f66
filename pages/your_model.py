"""Your model: how to bring one, what it would see, whether it is plausible, and its audit."""

import streamlit as st

from xray.dashboard import links, loaders, page
from xray.dashboard.views import your_model

page.enter()

own = {card.name: card for card in loaders.cards(("user",)) if not card.problem}
titles = {name: card.title or name for name, card in own.items()}
page.page(
    "Bring your own model: one command, and nothing is uploaded",
    "Keras, PyTorch by way of ONNX, SavedModel, TensorFlow Lite, or any object of Python.",
    {"model": links.Choice(tuple(own))},
    clinical=True,
)

st.header("How", anchor="how")
said = your_model.ask()
your_model.commands(said)

st.header("What it would see", anchor="preview")
with page.guard("The preview"):
    your_model.preview(said)
    st.caption("A synthetic film. Compare it with what your training code showed your model.")

st.header("Is it plausible?", anchor="check")
if not own:
    page.empty("No model of your own is here yet", "Bring one by the command above.")
else:
    name = st.selectbox(
        "Model",
        list(own),
        format_func=titles.__getitem__,
        key="model",
        bind="query-params",
    )
    with page.guard("The check"):
        your_model.quick_check(own[name])
    st.header("Does it read devices?", anchor="audit")
    with page.guard("The audit"):
        your_model.audit(own[name])
