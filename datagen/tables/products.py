"""The table ``products``."""

from typing import ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from datagen import draw
from datagen.draw import Floats
from datagen.plugin.world import World
from datagen.tables.drawn import Drawn
from datagen.tables.ready import OF_WEIGHT, ReadyTable

MOST_ROWS = 1_000_000
# What is sold, by category, with its lowest and its highest price.
_GOODS: dict[str, dict[str, tuple[float, float]]] = {
    "Audio": {"Headphones": (20, 400), "Earbuds": (15, 280), "Speaker": (25, 600), "Microphone": (20, 350), "Turntable": (90, 900)},
    "Beauty": {"Shampoo": (3, 25), "Face Cream": (5, 90), "Perfume": (20, 150), "Lipstick": (5, 40), "Hand Soap": (2, 12)},
    "Books": {"Novel": (7, 28), "Cookbook": (14, 45), "Atlas": (20, 80), "Biography": (10, 35), "Travel Guide": (10, 30)},
    "Clothing": {"T-Shirt": (6, 40), "Jeans": (25, 140), "Jacket": (40, 300), "Dress": (25, 200), "Socks": (3, 18)},
    "Computers": {"Laptop": (350, 2800), "Monitor": (110, 900), "Keyboard": (15, 180), "Mouse": (8, 110), "Router": (30, 260)},
    "Furniture": {"Chair": (35, 450), "Desk": (80, 900), "Bookcase": (45, 500), "Sofa": (300, 2800), "Lamp": (15, 220)},
    "Garden": {"Hose": (15, 80), "Shovel": (10, 50), "Lawn Mower": (130, 900), "Planter": (6, 90), "Parasol": (35, 260)},
    "Groceries": {"Coffee": (4, 22), "Olive Oil": (5, 30), "Pasta": (1, 5), "Honey": (3, 14), "Chocolate": (1, 9)},
    "Kitchen": {"Frying Pan": (15, 140), "Kettle": (18, 110), "Toaster": (20, 130), "Knife Set": (25, 280), "Teapot": (12, 70)},
    "Shoes": {"Sneakers": (35, 180), "Boots": (50, 280), "Sandals": (15, 110), "Loafers": (40, 200)},
    "Sports": {"Tent": (60, 600), "Yoga Mat": (12, 80), "Football": (10, 90), "Backpack": (25, 220), "Bicycle Helmet": (25, 180)},
    "Tools": {"Drill": (40, 320), "Hammer": (8, 45), "Saw": (10, 60), "Ladder": (40, 260), "Screwdriver Set": (8, 70)},
    "Toys": {"Puzzle": (6, 40), "Building Blocks": (15, 160), "Board Game": (12, 75), "Doll": (10, 70), "Kite": (8, 50)},
}  # fmt: skip
_MAKERS = (
    "Alderway", "Bexley", "Corvane", "Dunmore", "Elvist", "Fennix", "Grovana", "Halden", "Ivarro", "Jorvik", "Kestrin",
    "Lumora", "Merrow", "Nordal", "Ostara", "Pellwood", "Quintas", "Rovelle", "Silvane", "Tarnby", "Umbria", "Velden",
    "Wexcombe", "Yarrow", "Zephra",
)  # fmt: skip
_LINES = (
    "Basic",
    "Classic",
    "Compact",
    "Comfort",
    "Deluxe",
    "Eco",
    "Lite",
    "Plus",
    "Premium",
    "Pro",
    "Studio",
    "Urban",
)
_LIKED = 0.6  # how often product k is sold: 1/(k + 1)**0.6


class Products(ReadyTable):
    """Products of a shop that does not exist: what they are fits the category, and the price what they are.

    The columns are sku, name, category, brand, price and popularity. Products are drawn by their popularity, unless
    `weight` says otherwise: a few are sold often, most of them seldom.

    Example: {"type": "products", "size": 200}
    """

    kind: ClassVar[str] = "products"
    size: int = Field(1000, ge=1, le=MOST_ROWS, description="how many rows")
    weight: str | None = Field("popularity", description=OF_WEIGHT)

    def names(self) -> list[str]:
        return ["sku", "name", "category", "brand", "price", "popularity"]

    def columns(self, name: str, world: World) -> dict[str, pa.Array]:
        rows = Drawn(name, self.size, world)
        goods = [(category, good) for category, prices in _GOODS.items() for good in prices]
        kinds = [goods[kind] for kind in rows.number("good", len(goods)).tolist()]
        categories = [category for category, _ in kinds]
        brands, lines = rows.of("brand", _MAKERS).to_pylist(), rows.of("line", _LINES).to_pylist()
        named = zip(brands, kinds, lines, strict=True)
        return {
            "sku": pa.array([f"{category[:3].upper()}-{number:06d}" for number, category in enumerate(categories, 1)]),
            "name": pa.array([f"{brand} {good} {line}" for brand, (_, good), line in named]),
            "category": pa.array(categories),
            "brand": pa.array(brands),
            "price": pa.array(_prices(kinds, rows)),
            "popularity": pa.array(1000 * draw.exp(-_LIKED * draw.log(np.arange(1.0, self.size + 1)))),
        }


def _prices(kinds: list[tuple[str, str]], rows: Drawn) -> Floats:
    """Return prices, lower ones more often; from 10 on they end in .99, below in .49 or .99."""
    low, high = np.array([_GOODS[category][good] for category, good in kinds], float).T
    exact = low * draw.exp(draw.log(high / low) * rows.unit("price"))
    steps = np.where(exact < 10, 50, 100)
    return (np.ceil(exact * 100 / steps) * steps - 1) / 100
