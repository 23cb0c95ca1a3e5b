package sigma

// An exprOp says how an expr combines what is below it.
type exprOp uint8

const (
	opAnd exprOp = iota
	opOr
	opNot
	opTest // a predicate
	opName // the selection number sel of the rule
)

// An expr is a condition or a selection as a tree. The depth of a condition is
// bounded by its parser, that of a selection by the shape of Sigma.
type expr struct {
	op   exprOp
	kids []*expr
	test *predicate
	sel  int
}

// join combines kids; one alone stands for itself.
func join(op exprOp, kids []*expr) *expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return &expr{op: op, kids: kids}
}

// predicates calls f for every predicate below e, but not for those of the
// selections it names.
func (e *expr) predicates(f func(*predicate)) {
	if e.op == opTest {
		f(e.test)
	}
	for _, k := range e.kids {
		k.predicates(f)
	}
}
