package anchor

// OnWrite makes every write of the queue's files go through hook, which calls
// the real one.
func (q *Queue) OnWrite(hook func(path string, data []byte, write func(string, []byte) error) error) {
	for _, l := range q.lanes {
		l.write = func(path string, data []byte) error { return hook(path, data, replace) }
	}
}
