package detect_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestACommandInAProgramIsACommand(t *testing.T) {
	for _, tt := range []struct {
		name, command, want string
	}{
		{"python's os.system", `python3 -c "import os; os.system('x -a b')"`, "x -a b"},
		{"behind sudo", `python3 -c "import os; os.system('sudo x -a')"`, "x -a"},
		{"in a pipeline", `python3 -c "import os; os.popen('y | x -a').read()"`, "x -a"},
		{"a list", `python3 -c "import subprocess; subprocess.run(['x', '-a', 'b c'], check=True)"`, "x -a 'b c'"},
		{"a list with something unknown", `python3 -c "import subprocess; subprocess.run(['x', p, '-a'])"`, "x $p -a"},
		{"a list in a variable", `python3 -c "import subprocess; c = ['x', '-a']; subprocess.Popen(c)"`, "x -a"},
		{"a text in a variable", `python3 -c "import os; c = 'x -a'; os.system(c)"`, "x -a"},
		{"a text with one in it", `python3 -c "import os; d = '/b'; os.system(f'x {d}')"`, "x /b"},
		{"texts added up", `python3 -c "import os; d = '/b'; os.system('x ' + '-a ' + d)"`, "x -a /b"},
		{"over several lines", "python3 -c \"\nimport subprocess\nsubprocess.check_output(\n    ['x',\n     '-a'],\n)\n\"", "x -a"},
		{"behind a comment with a quote", "python3 -c \"\n# it's a test\nimport os\nos.system('x -a')\n\"", "x -a"},
		{"with an option of the function", `python3 -c "import subprocess; subprocess.run('x -a', shell=True, cwd='/c')"`, "x -a"},
		{"that takes the program's place", `python3 -c "import os; os.execl('/bin/sh', 'sh', '-c', 'x -a')"`, "x -a"},
		{"a shell in a list", `python3 -c "import subprocess; subprocess.call(['sh', '-c', 'x -a'])"`, "x -a"},
		{"evaluated", `python3 -c "exec('import os; os.system(\"x -a\")')"`, "x -a"},
		{"by a python in a python", `python3 -c "import os; os.system('python3 -c \"import os; os.system(\\'x -a\\')\"')"`, "x -a"},
		{"node's exec", `node -e "require('child_process').exec('x -a', (e, o) => console.log(o))"`, "x -a"},
		{"node's spawn", `node -e "require('child_process').spawn('x', ['-a', 'b'])"`, "x -a b"},
		{"perl's system", `perl -e 'system("x -a");'`, "x -a"},
		{"without brackets", `perl -e 'system "x -a"'`, "x -a"},
		{"in words", `perl -e 'system("x", "-a", "b")'`, "x -a b"},
		{"perl's backticks", "perl -e 'print `x -a`'", "x -a"},
		{"perl's qx", "perl -e 'print qx{x -a}'", "x -a"},
		{"ruby's %x", "ruby -e 'puts %x(x -a)'", "x -a"},
		{"php's shell_exec", `php -r 'echo shell_exec("x -a");'`, "x -a"},
		{"lua's execute", `lua -e 'os.execute("x -a")'`, "x -a"},
		{"awk's system", `awk 'BEGIN { system("x -a") }'`, "x -a"},
		{"AppleScript's", `osascript -e 'do shell script "x -a"'`, "x -a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sel := fmt.Sprintf("{CommandLine: %q}", tt.want)
			if !says(rule(t, "process_creation", sel), bash(tt.command)) {
				t.Errorf("%s does not run %s", tt.command, tt.want)
			}
		})
	}
}

func TestAProgramsTextIsNoCommand(t *testing.T) {
	for _, command := range []string{
		`python3 -c "print('x -a')"`,
		`python3 -c "app.run('x -a')"`,
		`python3 -c "exec('x -a')"`,
		`python3 -c "# os.system('x -a')"`,
		`node -e "console.log('x -a')"`,
		"node -e 'console.log(`x -a`)'",
		`awk '{ print "x -a" }'`,
		`grep "os.system('x -a')" f`,
	} {
		if says(rule(t, "process_creation", "{CommandLine: x -a}"), bash(command)) {
			t.Errorf("%s runs x", command)
		}
	}
}

func TestAProgramUsesFiles(t *testing.T) {
	for _, tt := range []struct {
		name, program, category string
		want                    bool
	}{
		{"open reads", "open('/a/b')", "file_access", true},
		{"and does not write", "open('/a/b'); open('c', 'w')", "file_event", false},
		{"unless it is told to", "open('/a/b', 'wb')", "file_event", true},
		{"by a name", "open('/a/b', mode='a')", "file_event", true},
		{"a path by its method", "Path('/a/b').unlink(); open('c')", "file_delete", true},
		{"another path by another", "Path('/a/b').read_text(); Path('c').unlink()", "file_delete", false},
		{"a variable by its method", "p = Path('/a/b')\np.unlink()", "file_delete", true},
		{"a variable by a function", "p = '/a/b'\nos.remove(p)", "file_delete", true},
		{"another variable", "p = '/a/b'\nq = 'c'\nos.remove(q)\nopen(p)", "file_delete", false},
		{"a function of the program's own", "def f(p): os.remove(p)\nf('/a/b')", "file_delete", true},
		{"in a list", "for p in ['/a/b', '/c']: os.remove(p)", "file_delete", true},
		{"found by a pattern", "for p in glob.glob('/a/b'): os.remove(p)", "file_delete", true},
		{"a copy reads the first", "shutil.copy('/a/b', '/c')", "file_event", false},
		{"and writes the second", "shutil.copy('/c', '/a/b')", "file_event", true},
		{"a move moves the first", "os.rename('/a/b', '/c')", "file_change", true},
		{"and writes the second", "os.rename('/c', '/a/b')", "file_event", true},
		{"a printed path is none", "print('/a/b')", "file_access", false},
		{"joined parts", "open(os.path.join('/a', 'b'))", "file_access", true},
		{"added parts", "open('/a' + '/b')", "file_access", true},
		{"inserted parts", "d = '/a'\nopen(f'{d}/b')", "file_access", true},
		{"a file of strings in three quotes", "open('''/a/b''')", "file_access", true},
		{"escaped characters", `open('/a/\x62')`, "file_access", true},
		{"a string without an end", "x = 5'; open('/a/b')", "file_access", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			field := "TargetFilename"
			if tt.category == "file_access" {
				field = "FileName"
			}
			command := "python3 -c \"" + strings.ReplaceAll(tt.program, `\`, `\\`) + "\""
			if got := says(rule(t, tt.category, "{"+field+": /a/b}"), bash(command)); got != tt.want {
				t.Errorf("%s of %s: %v", tt.category, tt.program, got)
			}
		})
	}
}

func TestAPipedProgramIsRead(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		want          bool
	}{
		{"a here-document", "python3 - <<'EOF'\nimport os\nos.system('x -a')\nEOF\n", true},
		{"without a dash", "python3 <<EOF\nimport os\nos.system('x -a')\nEOF", true},
		{"with tabs", "python3 <<-EOF\n\timport os\n\tos.system('x -a')\n\tEOF", true},
		{"among other commands", "cd /a && python3 - <<'EOF' && echo done\nimport os\nos.system('x -a')\nEOF\nls", true},
		{"behind sudo", "sudo python3 - <<'EOF'\nimport os\nos.system('x -a')\nEOF", true},
		{"through cat", "cat <<'EOF' | node\nrequire('child_process').execSync('x -a')\nEOF", true},
		{"a here-string", `perl <<< 'system("x -a")'`, true},
		{"echo", `echo "import os; os.system('x -a')" | python3`, true},
		{"printf with lines", `printf "import os\\nos.system('x -a')\\n" | python3 -`, true},
		{"what follows the document", "python3 - <<'EOF'\nprint(1)\nEOF\n# os.system('x -a')", false},
		{"a program of its own", "python3 x.py <<'EOF'\nos.system('x -a')\nEOF", false},
		{"a module", "python3 -m x <<'EOF'\nos.system('x -a')\nEOF", false},
		{"a document for another", "cat > x.py <<'EOF'\nos.system('x -a')\nEOF", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := says(rule(t, "process_creation", "{CommandLine: x -a}"), bash(tt.command)); got != tt.want {
				t.Errorf("%s runs x: %v", tt.command, got)
			}
		})
	}
	program := "python3 - <<'EOF'\nwith open('/a/b', 'a') as f:\n    f.write('hostile')\nEOF"
	if !says(rule(t, "file_event", "{TargetFilename: /a/b, Content|contains: hostile}"), bash(program)) {
		t.Error("what a piped program writes is not in Content")
	}
	if !says(rule(t, "process_creation", "{Image|endswith: /python3, CommandLine|contains: hostile}"), bash(program)) {
		t.Error("a piped program is not in CommandLine")
	}
}

func TestALongPipedProgramIsNotTooMuch(t *testing.T) {
	e := bash("python3 - <<'EOF'\n" + strings.Repeat("x = ['a/b', f('/c/d'), {'/e': 1}]  # a long line of an honest program\n", 300) + "open('/o', 'w')\nEOF")
	if found := rule(t, "process_creation", "{Image: /none}").Detect(&e); found != nil {
		t.Errorf("found %v", found)
	}
}

func TestAwkReadsFiles(t *testing.T) {
	d := rule(t, "file_access", "{FileName: /a/b}")
	for _, command := range []string{
		`awk '{print}' /a/b`, `awk -F: '{print $1}' /a/b`, `awk -f x.awk /a/b`, `awk 'BEGIN { while ((getline l < "/a/b") > 0) print l }'`,
	} {
		if !says(d, bash(command)) {
			t.Errorf("%s does not read", command)
		}
	}
}

func TestProgramsWithinProgramsAreBounded(t *testing.T) {
	e := bash(strings.Repeat("python3 <<E;", 900) + "\n" + strings.Repeat("f('/a')\n", 12000))
	rule(t, "process_creation", "{Image: /none}").Detect(&e)
	for name, program := range map[string]string{
		"a text a thousand times":    "a='" + strings.Repeat("x", 4000) + "'\n" + strings.Repeat("os.system(a)\n", 2000),
		"words that become long":     "a='" + strings.Repeat("x", 4000) + "'\nos.system('x', " + strings.Repeat("a,", 3000) + ")",
		"an evaluated text likewise": "a='" + strings.Repeat("x", 4000) + "'\n" + strings.Repeat("eval(a)\n", 2000),
		"doubling":                   "a='" + strings.Repeat("x", 4000) + "'\n" + strings.Repeat("a=a+a\nb=a+'x'\n", 2000),
		"brackets":                   strings.Repeat("([{", 30000),
		"calls in calls":             strings.Repeat("str(", 15000) + strings.Repeat("'/a',", 4000),
		"one call of many texts":     "open(" + strings.Repeat("'/a',", 20000),
		"one function many times":    strings.Repeat("f('/a')\n", 12000),
		"one list many times":        "c = ['x']\n" + strings.Repeat("os.system(c)\n", 8000),
		"a long sum":                 strings.Repeat("'/'+", 20000) + "'a'",
		"many variables":             strings.Repeat("a=Path(b)\nb=Path(a)\na='/x'\nopen(a)\n", 2000),
		"a variable of itself":       "a=a\nb=Path(a)\na=Path(b)\na='/x'\nopen(a)",
	} {
		t.Run(name, func(t *testing.T) {
			e := bash("python3 -c \"" + program + "\"")
			rule(t, "process_creation", "{Image: /none}").Detect(&e)
			e.Command = "python3 - <<E\n" + program + "\nE"
			rule(t, "process_creation", "{Image: /none}").Detect(&e)
		})
	}
}
