package detect

import (
	"path"
	"strings"

	"gander/internal/alert"
	"gander/internal/event"
	"gander/internal/shell"
	"gander/internal/sigma"
)

// facts are what the log events of one call say and the rules found in them,
// listened to while the call is translated, so that nothing is read twice.
type facts struct {
	calls *translator
	call  *event.Event // the one the facts are about, nil for none
	cmds  []cmdFact    // the call itself, then one for each command of its line
	files []fileFact
	hosts []hostFact
	about map[*sigma.Rule]ruleFact
	shown carried // secrets whose words stand in the call itself

	lastFile bool // the last log event was about a file
}

// A cmdFact is what is known of the call itself or of one of its commands.
type cmdFact struct {
	dir       string
	kind      programKind
	level     alert.Level // the highest of the rules that matched
	files     int         // where its files begin
	hosts     int
	secret    secrecy // what it prints by itself
	leaves    bool    // a rule says that data leaves
	discovery bool    // a rule says so
	flow      carried // what it reads or is given
}

// A fileFact is a file that a command uses.
type fileFact struct {
	use    fileUse
	path   string
	secret secrecy // of a file that is read
}

// A hostFact is a host that a command talks to, "" for one that nobody knows.
type hostFact struct {
	host string
	uri  string
}

// A ruleFact is what a rule's tags say.
type ruleFact struct{ credentials, exfiltration, discovery bool }

// secrecy is how secret something is.
type secrecy uint8

const (
	public secrecy = iota
	soft           // a secret of the project, which its own work needs: .env
	strong         // gives access to something else by itself: a key, a credential store
)

// follow listens to the translation of r's calls, and to its hits.
func (f *facts) follow(r *Rules) {
	f.calls = &r.calls
	f.about = make(map[*sigma.Rule]ruleFact)
	match, hit := r.calls.emit, r.hit
	r.calls.emit = func(l *logEvent) {
		f.add(l)
		match(l)
	}
	r.hit = func(h *sigma.Hit) bool {
		f.hit(h.Rule)
		return hit(h)
	}
}

// line is the command line of the call.
func (f *facts) line() *shell.Result { return &f.calls.line }

// clear forgets the call, and lets go of what it said.
func (f *facts) clear() {
	f.call = nil
	f.shown = carried{}
	clear(f.cmds)
	clear(f.files)
	clear(f.hosts)
}

// add takes a log event in.
func (f *facts) add(l *logEvent) {
	f.lastFile = false
	switch l.class {
	case classTool:
		f.call = f.calls.call
		f.cmds, f.files, f.hosts = f.cmds[:0], f.files[:0], f.hosts[:0]
		f.cmds = append(f.cmds, cmdFact{dir: f.call.CWD})
	case classProcess:
		f.command(l)
	case classRead:
		p := l.values[fieldFileName].One
		f.file(fileFact{use: reads, path: p, secret: softSecret(p)})
	case classWrite:
		f.file(fileFact{use: writes, path: l.values[fieldTargetFilename].One})
	case classChange:
		f.file(fileFact{use: changes, path: l.values[fieldTargetFilename].One})
	case classDelete:
		f.file(fileFact{use: deletes, path: l.values[fieldTargetFilename].One})
	case classWeb:
		f.hosts = append(f.hosts, hostFact{known(l, fieldHost), l.values[fieldURI].One})
	case classConnect:
		f.hosts = append(f.hosts, hostFact{known(l, fieldDestinationHost), ""})
	}
}

// known is the host in a field, "" where it is a variable.
func known(l *logEvent, at field) string {
	h := l.values[at].One
	if l.has>>at&1 == 0 || strings.IndexByte(h, '$') >= 0 || strings.IndexByte(h, '`') >= 0 {
		return ""
	}
	return h
}

func (f *facts) command(l *logEvent) {
	c := cmdFact{files: len(f.files), hosts: len(f.hosts)}
	if l.has>>fieldCurrentDirectory&1 != 0 {
		c.dir = l.values[fieldCurrentDirectory].One
	}
	if n := len(f.cmds) - 1; n < len(f.line().Commands) {
		cmd := &f.line().Commands[n]
		c.kind = kindOf(cmd)
		c.secret = printsSecret(cmd)
	}
	f.cmds = append(f.cmds, c)
}

func (f *facts) file(file fileFact) {
	f.files = append(f.files, file)
	f.lastFile = true
}

// hit takes in that a rule matched the log event that was added last.
func (f *facts) hit(r *sigma.Rule) {
	about, ok := f.about[r]
	if !ok {
		about = tell(r)
		f.about[r] = about
	}
	c := &f.cmds[len(f.cmds)-1]
	c.level = max(c.level, r.Level)
	c.discovery = c.discovery || about.discovery
	c.leaves = c.leaves || about.exfiltration && r.Level >= alert.High
	if !about.credentials || r.Level < alert.Medium {
		return
	}
	if n := len(f.files); f.lastFile {
		if f.files[n-1].use == reads {
			f.files[n-1].secret = strong
		}
	} else if len(f.cmds) > 1 {
		c.secret = max(c.secret, soft)
	}
}

func tell(r *sigma.Rule) (f ruleFact) {
	for _, t := range r.Tags {
		switch t {
		case "attack.credential-access":
			f.credentials = true
		case "attack.exfiltration":
			f.exfiltration = true
		case "attack.discovery":
			f.discovery = true
		}
	}
	return f
}

// filesOf are the files of a command, or of the call itself for 0.
func (f *facts) filesOf(i int) []fileFact {
	if i+1 < len(f.cmds) {
		return f.files[f.cmds[i].files:f.cmds[i+1].files]
	}
	return f.files[f.cmds[i].files:]
}

func (f *facts) hostsOf(i int) []hostFact {
	if i+1 < len(f.cmds) {
		return f.hosts[f.cmds[i].hosts:f.cmds[i+1].hosts]
	}
	return f.hosts[f.cmds[i].hosts:]
}

// secrets says which secrets the call reads.
func (f *facts) secrets() yield {
	var of [strong + 1]yield
	for i := range f.files {
		if f.files[i].use == reads {
			of[f.files[i].secret] = 1
		}
	}
	for i := range f.cmds {
		of[f.cmds[i].secret] = 1
	}
	return of[strong]*yieldsStrong | of[soft]*yieldsSoft
}

// foreign reports whether the call prints what others wrote, or talks to another
// machine.
func (f *facts) foreign() bool {
	for i := range f.cmds {
		if f.cmds[i].kind&readsForeign != 0 {
			return true
		}
	}
	for i := range f.hosts {
		if !isLocal(f.hosts[i].host) {
			return true
		}
	}
	return false
}

// softSecret says whether a file is one in which a project keeps its secrets.
func softSecret(p string) secrecy {
	name := p[strings.LastIndexByte(p, '/')+1:]
	if !strings.HasPrefix(name, ".env") {
		return public
	}
	switch path.Ext(name) {
	case ".example", ".sample", ".template", ".dist", ".md":
		return public
	}
	if name == ".env" || strings.HasPrefix(name, ".env.") {
		return soft
	}
	return public
}

// printsSecret says whether a command prints secrets that lie in no file.
func printsSecret(c *shell.Command) secrecy {
	for _, words := range secretCommands[c.Name] {
		if hasWords(c.Argv, words) {
			return soft
		}
	}
	if c.Dynamic && namesSecret(c.Text) || c.Name == "printenv" && namesSecret("$"+c.Text) {
		return soft
	}
	return public
}

// namesSecret reports whether a text holds a variable whose name tells of a
// secret.
func namesSecret(text string) bool {
	if strings.IndexByte(text, '$') < 0 {
		return false
	}
	for _, name := range [...]string{"SECRET", "TOKEN", "API_KEY", "APIKEY", "PASSWORD", "PRIVATE_KEY", "CREDENTIAL", "DATABASE_URL"} {
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}

// secretCommands are the commands that print secrets: by name, the words that
// must stand behind it in that order. An empty list is the bare command.
var secretCommands = map[string][][]string{
	"env": {{}}, "printenv": {{}}, "set": {{}}, "export": {{}, {"-p"}}, "declare": {{"-x"}, {"-p"}, {"-xp"}},
	"gh":          {{"auth", "token"}},
	"aws":         {{"configure", "export-credentials"}, {"secretsmanager", "get-secret-value"}, {"sts", "get-session-token"}, {"ssm", "--with-decryption"}},
	"gcloud":      {{"auth", "print-access-token"}, {"auth", "print-identity-token"}, {"secrets", "access"}},
	"az":          {{"get-access-token"}, {"keyvault", "secret", "show"}},
	"vault":       {{"read"}, {"kv", "get"}, {"print", "token"}},
	"op":          {{"read"}, {"item", "get"}},
	"bw":          {{"get"}, {"export"}},
	"pass":        {{"show"}},
	"security":    {{"find-generic-password"}, {"find-internet-password"}, {"dump-keychain"}, {"export"}},
	"kubectl":     {{"get", "secret"}, {"get", "secrets"}},
	"heroku":      {{"config"}},
	"doppler":     {{"secrets"}},
	"git":         {{"credential", "fill"}},
	"gpg":         {{"--export-secret-keys"}},
	"secret-tool": {{"lookup"}},
}

// hasWords reports whether words stand in argv, behind its first, in that order.
func hasWords(argv, words []string) bool {
	if len(words) == 0 {
		return len(argv) == 1
	}
	for _, a := range argv[min(1, len(argv)):] {
		if a == words[0] {
			if words = words[1:]; len(words) == 0 {
				return true
			}
		}
	}
	return false
}
