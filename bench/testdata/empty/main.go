// Command empty does nothing: what it takes is what Go itself takes.
package main

func main() {}
