// Fails in three ways, at the bottom of a recursion of so many calls; dies as Go dies.
package main

import (
	"os"
	"strconv"
)

type Failed struct{ order int }

func price(number int) int {
	panic(Failed{number})
}

func stock(number int) int {
	panic(Failed{number})
}

func offer(number int) int {
	offers := make([]int, 1)
	return offers[number+len(os.Args)]
}

func walk(depth int, leaf func(int) int) int {
	if depth > 1 {
		return walk(depth-1, leaf) + 1
	}
	sum := 0
	for _, each := range []func(int) int{leaf} {
		func() { sum += each(depth) }()
	}
	return sum
}

func main() {
	depth, _ := strconv.Atoi(os.Args[1])
	leaves := map[string]func(int) int{"price": price, "stock": stock, "offer": offer}
	println(walk(depth, leaves[os.Args[2]]))
}
