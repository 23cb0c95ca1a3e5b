package detect

// An lru holds at most max values and forgets the one that was used least
// recently. Its zero value with a max is ready.
type lru[V any] struct {
	max  int
	gone func(*V) // told of what is forgotten; may be nil

	at    map[uint64]*slot[V]
	order slot[V] // its next is the newest, its prev the oldest
}

type slot[V any] struct {
	key        uint64
	prev, next *slot[V]
	value      V
}

// get finds the value of a key, or makes an empty one.
func (l *lru[V]) get(key uint64) (v *V, fresh bool) {
	if l.at == nil {
		l.at = make(map[uint64]*slot[V])
		l.order.prev, l.order.next = &l.order, &l.order
	}
	s, ok := l.at[key]
	if !ok {
		if len(l.at) >= l.max {
			l.drop(l.order.prev)
		}
		s = &slot[V]{key: key}
		l.at[key] = s
	} else {
		s.prev.next, s.next.prev = s.next, s.prev
	}
	s.prev, s.next = &l.order, l.order.next
	s.prev.next, s.next.prev = s, s
	return &s.value, !ok
}

func (l *lru[V]) drop(s *slot[V]) {
	s.prev.next, s.next.prev = s.next, s.prev
	delete(l.at, s.key)
	if l.gone != nil {
		l.gone(&s.value)
	}
}
