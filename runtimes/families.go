package runtimes

// Families lists what a machine needs to run apps: first the programs of the runtimes, Ruby foremost because the
// tutorial needs it, then the shell that every startup script is written for.
func Families() []Family {
	return []Family{
		rubyFamily(),
		railsFamily(),
		{
			Name: "node", Purpose: "Node.js apps",
			Runtimes:    []string{"node", "node06", "node08"},
			Executables: []string{"node", "nodejs"},
			Version:     []string{"-v"},
			Packages:    map[string][]string{"apt": {"nodejs"}, "dnf": {"nodejs"}, "brew": {"node"}, "apk": {"nodejs"}},
		},
		{ // a family of its own: other packages than Debian's nodejs bring their npm, and conflict with Debian's
			Name: "npm", Purpose: "the modules of Node.js apps",
			Executables: []string{"npm"},
			Version:     []string{"-v"},
			Packages:    map[string][]string{"apt": {"npm"}, "dnf": {"nodejs-npm"}, "brew": {"node"}, "apk": {"npm"}},
		},
		{
			Name: "python", Purpose: "WSGI, Django and standalone Python apps",
			Runtimes:    []string{"python2", "python3"},
			Executables: []string{"python3", "python"},
			Version:     []string{"--version"},
			Packages:    map[string][]string{"apt": {"python3"}, "dnf": {"python3"}, "brew": {"python"}, "apk": {"python3"}},
		},
		pythonWebFamily(),
		{
			Name: "php", Purpose: "PHP apps",
			Runtimes:    []string{"php"},
			Executables: []string{"php"},
			Version:     []string{"-vn"},
			Packages:    map[string][]string{"apt": {"php-cli"}, "dnf": {"php-cli"}, "brew": {"php"}},
		},
		{
			Name: "java", Purpose: "Java web, Spring, Grails, Lift and Play apps",
			Runtimes:    []string{"java", "java7"},
			Executables: []string{"java"},
			Version:     []string{"-version"},
			Packages: map[string][]string{
				"apt": {"default-jre-headless"}, "dnf": {"java-headless"}, "brew": {"openjdk"}, "apk": {"openjdk17-jre-headless"},
			},
		},
		{
			Name: "erlang", Purpose: "Erlang/OTP apps built by rebar",
			Runtimes:    []string{"erlangR14B01", "erlang"},
			Executables: []string{"erl"},
			Version:     []string{"-noshell", "-eval", `io:format("Erlang/OTP ~s~n", [erlang:system_info(otp_release)]), halt().`},
			Packages:    map[string][]string{"apt": {"erlang-base"}, "dnf": {"erlang-erts"}, "brew": {"erlang"}, "apk": {"erlang"}},
		},
		tomcatFamily(),
		shellFamily(),
		archiverFamily(),
		javaTestsFamily(),
		rubyTestsFamily(),
	}
}

// pythonWebFamily is what Python apps use of the machine unless their requirements.txt names it, and pip, which installs what
// that names.
func pythonWebFamily() Family {
	return Family{
		Name: "python-web", Purpose: "WSGI and Django apps that do not bring gunicorn, Flask or Django themselves",
		Executables: []string{"python3"},
		Version:     []string{"--version"},
		Check: []string{"-c", `import importlib.util as u, sys
missing = [m for m in ("gunicorn", "flask", "django", "pip") if u.find_spec(m) is None]
print(*missing)
sys.exit(bool(missing))`},
		Packages: map[string][]string{
			"apt":  {"python3", "gunicorn", "python3-flask", "python3-django", "python3-pip"},
			"dnf":  {"python3", "python3-gunicorn", "python3-flask", "python3-django", "python3-pip"},
			"brew": {"python"}, // Homebrew has none of them: there an app names them in its requirements.txt
			"apk":  {"python3", "py3-gunicorn", "py3-flask", "py3-django", "py3-pip"},
		},
	}
}

// shellFamily is bash, which the scripts ask for in their first line, and ps, by which stop finds the app's parent. Neither is
// sure to be in a container image.
func shellFamily() Family {
	return Family{
		Name: "shell", Purpose: "the startup and stop script of every app",
		Executables: []string{"bash", "/bin/bash"},
		Version:     []string{"--version"},
		Check:       []string{"-c", "command -v ps >/dev/null || { echo ps; exit 1; }"},
		Packages: map[string][]string{
			"apt": {"bash", "procps"}, "dnf": {"bash", "procps-ng"}, "brew": {"bash"}, "apk": {"bash", "procps"},
		},
	}
}

// archiverFamily is what the tests of package droplet compare their droplets with.
func archiverFamily() Family {
	return Family{
		Name: "archivers", Purpose: "minicf's own tests", ForTests: true,
		Executables: []string{"unzip"},
		Version:     []string{"-v"},
		Packages: map[string][]string{
			"apt": {"unzip", "zip", "tar"}, "dnf": {"unzip", "zip", "tar"}, "brew": {"unzip", "zip", "gnu-tar"}, "apk": {"unzip", "zip", "tar"},
		},
	}
}
