"""The journey from an offer to its first sale over REST. couponlink_client is generated:

openapi-python-client generate --url BASE/openapi.json --meta none --output-path couponlink_client
"""

import os

from couponlink_client import AuthenticatedClient
from couponlink_client.api.conversion_service import list_conversions
from couponlink_client.api.coupon_service import create_coupon, update_coupon, validate_coupon
from couponlink_client.api.offer_service import create_offer
from couponlink_client.api.partners import postback
from couponlink_client.api.publisher_service import create_publisher
from couponlink_client.models import Coupon, CouponUpdate, Offer, Publisher, Status, ValidateCouponRequest


def must(answer):
    """Returns an answer, and raises the API's message if it is an error."""
    if answer is None or isinstance(answer, Status):
        raise RuntimeError(answer.message if answer else "no answer")
    return answer


def journey(base: str, key: str):
    """Sells once with a publisher's code, and returns the conversion."""
    api = AuthenticatedClient(base_url=base, token=key)
    landing_page = "https://shop.example.com/?cid={click_id}&promo={coupon_code}"
    offer = must(create_offer.sync(client=api, body=Offer(display_name="Running shoes", landing_page_url=landing_page)))
    publisher = must(create_publisher.sync(client=api, body=Publisher(display_name="Mia Runs")))
    offer_id = offer.name.split("/")[-1]
    coupon = must(create_coupon.sync(offer_id, client=api, body=Coupon(code="SALEXYZ20", publisher=publisher.name)))
    coupon_id = coupon.name.split("/")[-1]
    must(update_coupon.sync(offer_id, coupon_id, client=api, body=CouponUpdate(internal_note="winter")))
    checked = must(validate_coupon.sync(client=api, body=ValidateCouponRequest(code="salexyz20", offer=offer.name)))
    assert checked.valid, checked.reason
    sale = must(postback.sync(
        client=api, offer_id=offer_id, coupon_code=coupon.code, transaction_id="A-1001", amount="59.90", currency="USD",
        token=offer.postback_token,
    ))
    found = must(list_conversions.sync(client=api, filter_=f'pub_unique3 = "SALEXYZ20" AND offer = "{offer.name}"'))
    assert found.conversions[0].name == sale.conversion, "the sale is not in the list"
    return found.conversions[0]


if __name__ == "__main__":
    conversion = journey(os.environ["BASE"], os.environ["KEY"])
    print(conversion.name, conversion.status, conversion.pub_unique_3)
