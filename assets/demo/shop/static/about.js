// Shows since when the shop is open.
const shop = { opened: { year: 2019 } };

function since() {
  return shop.founded.year;
}

document.getElementById("since").textContent = since();
