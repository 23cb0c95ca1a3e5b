package sigma

import (
	"iter"

	"go.yaml.in/yaml/v3"
)

// deref returns what an alias stands for.
func deref(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// mapPairs yields the keys and values of a map; of anything else, nothing.
func mapPairs(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(deref(n.Content[i]), deref(n.Content[i+1])) {
				return
			}
		}
	}
}

// pairs yields the keys and values of a map, and reports what is no map and
// keys that are no text or there twice.
func (p *parser) pairs(n *yaml.Node, what string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		n = deref(n)
		if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
			p.errorf(n, "%s must be a map with at least one key: write it as one", what)
			return
		}
		seen := make(map[string]bool)
		for key, value := range mapPairs(n) {
			switch {
			case key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge":
				p.errorf(key, "%s has a key that is not plain text: write every key out", what)
				continue
			case seen[key.Value]:
				p.errorf(key, "%s has the key %q twice: take one out", what, key.Value)
				continue
			}
			seen[key.Value] = true
			if !yield(key, value) {
				return
			}
		}
	}
}

// scalars returns a single value or the values of a list.
func (p *parser) scalars(n *yaml.Node, what string) []*yaml.Node {
	n = deref(n)
	if n.Kind == yaml.ScalarNode {
		return []*yaml.Node{n}
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.errorf(n, "%s needs a value or a list of values: write one", what)
		return nil
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		item = deref(item)
		if item.Kind != yaml.ScalarNode {
			p.errorf(item, "%s has a list or map among its values: write plain values", what)
			continue
		}
		out = append(out, item)
	}
	return out
}

// text returns a single value as it is written; null is "".
func (p *parser) text(n *yaml.Node, what string) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		p.errorf(n, "%s must be a single text: write one", what)
		return ""
	case n.ShortTag() == "!!null":
		return ""
	}
	return n.Value
}

// texts returns one or several values as they are written; null is none.
func (p *parser) texts(n *yaml.Node, what string) []string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" || n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		return nil
	}
	var out []string
	for _, item := range p.scalars(n, what) {
		out = append(out, item.Value)
	}
	return out
}
