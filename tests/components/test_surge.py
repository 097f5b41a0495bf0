"""A surge is a value; what it does is told with the clients and the users."""

from pmtech import Clients, Surge


def test_a_surge_is_a_value_with_three_fields_in_order():
    assert Surge(20, 10, 5) == Surge(at_s=20, for_s=10, times=5) == Surge()
    assert repr(Clients(surge=Surge(times=3))) == "Clients(surge=Surge(times=3))"
