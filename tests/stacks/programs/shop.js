// Fails in three ways, at the bottom of a recursion of so many calls; gives each stack as the engine writes it.

class Failed extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "Failed";
  }
}

function price(number) {
  throw new Failed(`order ${number} has no price`);
}

function stock(number) {
  throw new Failed(`order ${number} has no price`);
}

function offer(number) {
  try {
    return JSON.parse(`{order ${number}`);
  } catch (error) {
    throw new Failed(`order ${number} has no offer`, { cause: error });
  }
}

function walk(depth, leaf) {
  if (depth > 1) return walk(depth - 1, leaf);
  return [depth].map((number) => leaf(number));
}

function main(depth, tell) {
  for (const leaf of [price, stock, offer]) {
    try {
      walk(depth, leaf);
    } catch (error) {
      tell(error);
    }
  }
}

if (typeof process !== "undefined") {
  main(Number(process.argv[2]), (error) => {
    console.error(error);
    console.error("=====");
  });
}
