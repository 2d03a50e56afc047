"""What pages of models show, for tests."""


def shown(page):
    """Full values of the outputs."""
    script = "lines => lines.map(line => Number(line.dataset.value))"
    return page.eval_on_selector_all("#outputs .value", script)
