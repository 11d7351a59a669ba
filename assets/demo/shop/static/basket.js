// Asks for the total of a basket and shows it.
const basket = ["tea", "cup", "saucer"];

async function load() {
  const query = basket.map((item) => `item=${encodeURIComponent(item)}`).join("&");
  const request = `q-${Date.now()}-${Math.floor(Math.random() * 1e9)}`;
  const answer = await fetch(`/api/total?${query}`, { headers: { "X-Request-ID": request } });
  if (!answer.ok) {
    throw new Error(`the total of the basket cannot be had: ${answer.status}`);
  }
  const { total } = await answer.json();
  document.getElementById("total").textContent = (total / 100).toFixed(2);
}

load();
