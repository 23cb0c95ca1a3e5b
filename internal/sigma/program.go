package sigma

// A program is the rules of one class of events, ready to run. It is not
// changed once it is made.
type program struct {
	fields     []fieldPlan
	predicates []compiledPredicate
	rules      []compiledRule // in the order given to Compile
	always     []uint64       // a bit for each rule that no literal announces
}

// A fieldPlan says how one field is searched.
type fieldPlan struct {
	name     string // "" for every string of the event
	ac       *automaton
	literals [][]use // literal number -> what it means
}

// A use is what it means for a predicate that a literal was found.
type use struct {
	predicate int32
	anchor    anchor // where the literal must lie to count
	length    int    // of the literal
	exact     string // its text, when case counts
}

// A method is how the answer to a predicate is found.
type method uint8

const (
	byLiteral method = iota // the literal found in its place is the answer
	byCheck                 // only when a literal was found it is worth checking
	byTest                  // there is no literal: always checked
)

type compiledPredicate struct {
	*predicate
	method    method
	slot      int32   // the number of its field
	otherSlot int32   // that of the field a fieldref names
	wakes     []int32 // the rules to look at once it fired
}

type compiledRule struct {
	rule       *Rule
	condition  node
	selections []compiledSelection
}

type compiledSelection struct {
	name     string
	node     node
	named    bool // by the condition
	evidence bool // the rule needs it to hold, rather than not to
}

// A node is an expr over a program's predicates, its cheaper kids first.
type node struct {
	op        exprOp // and, or, not, test
	effort    method // the dearest predicate below
	predicate int32
	kids      []node
}
