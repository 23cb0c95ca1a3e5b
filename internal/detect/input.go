package detect

import (
	"encoding/json"

	"gander/internal/sigma"
)

// inputFields gives the members of a tool's own input to rules that ask for
// tool_input.NAME. Few do, so nothing is decoded before one asks.
type inputFields struct {
	raw     []byte
	members map[string]json.RawMessage
	decoded bool
}

func (f *inputFields) get(name string) (sigma.Value, bool) {
	if !f.decoded {
		f.decoded = true
		_ = json.Unmarshal(f.raw, &f.members) // what is not an object has no members
	}
	raw, ok := f.members[name]
	if !ok {
		return sigma.Value{}, false
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return sigma.Value{One: list[0], More: list[1:]}, true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw) // a number, a boolean or an object: its JSON text
	}
	return sigma.Value{One: s}, true
}
