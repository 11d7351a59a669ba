import prices


def test_a_basket_has_a_total():
    assert prices.total(["tea", "cup"]) == 1650


def test_cents_have_two_digits():
    assert prices.shown(1205) == "12.05"
