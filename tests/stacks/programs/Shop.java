/** Fails in three ways, at the bottom of a recursion of so many calls; prints each stack as the JVM prints it. */
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

public class Shop {
  static class Failed extends RuntimeException {
    Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  static Object price(int number) {
    throw new Failed("order " + number + " has no price", null);
  }

  static Object stock(int number) {
    throw new Failed("order " + number + " has no price", null);
  }

  static Object offer(int number) {
    try {
      return Map.of("cup", "3").get(String.valueOf(number)).length();
    } catch (NullPointerException error) {
      throw new Failed("order " + number + " has no offer", error);
    }
  }

  static Object walk(int depth, IntFunction<Object> leaf) {
    return depth > 1 ? walk(depth - 1, leaf) : List.of(depth).stream().map(number -> leaf.apply(number)).toList();
  }

  public static void main(String[] arguments) {
    for (IntFunction<Object> leaf : List.<IntFunction<Object>>of(Shop::price, Shop::stock, Shop::offer)) {
      try {
        walk(Integer.parseInt(arguments[0]), leaf);
      } catch (Failed error) {
        error.printStackTrace();
      }
      System.err.println("=====");
    }
  }
}
