package runtimes

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// Machine is what decides how software is installed.
type Machine struct {
	GOOS      string // as in runtime.GOOS
	OSRelease string // the text of /etc/os-release; "" where there is none
	Root      bool
	Brew      bool // Homebrew is there
}

// ThisMachine looks at the machine that it runs on.
func ThisMachine() Machine {
	text, _ := os.ReadFile("/etc/os-release") // absent on a Mac
	_, err := exec.LookPath("brew")
	return Machine{GOOS: runtime.GOOS, OSRelease: string(text), Root: os.Geteuid() == 0, Brew: err == nil}
}

// Manager names the machine's package manager: apt, dnf, apk or brew; "" when it is none that is known here.
func (m Machine) Manager() string {
	if m.GOOS == "darwin" {
		return "brew"
	}
	release := m.release()
	ids := append([]string{release["ID"]}, strings.Fields(release["ID_LIKE"])...)
	for _, id := range ids {
		switch id {
		case "debian", "ubuntu":
			return "apt"
		case "fedora", "rhel", "centos":
			return "dnf"
		case "alpine":
			return "apk"
		}
	}
	if m.Brew {
		return "brew"
	}
	return ""
}

// Install returns the one command, for a shell, that installs what the families need. It asks no question: apt's and
// dnf's are answered by yes, and sudo, put before it unless Root, fails rather than ask for a password. ok is false
// when the package manager is unknown, a family is, or there is no package of a family.
func (m Machine) Install(families ...string) (command string, ok bool) {
	manager := m.Manager()
	var packages, gems []string
	for _, name := range families {
		all := Families()
		i := slices.IndexFunc(all, func(f Family) bool { return f.Name == name })
		if i < 0 || len(all[i].Packages[manager]) == 0 {
			return "", false
		}
		packages = append(packages, all[i].Packages[manager]...)
		gems = append(gems, all[i].gems...)
	}
	if len(packages) == 0 {
		return "", false
	}
	steps := m.steps(manager, strings.Join(packages, " "))
	if manager != "apt" && len(gems) > 0 {
		steps = append(steps, m.gem(manager)+" install --no-document "+strings.Join(gems, " "))
	}
	return strings.Join(steps, " && "), true
}

func (m Machine) steps(manager, packages string) []string {
	switch manager {
	case "apt":
		return []string{m.sudo() + "apt-get update", m.sudo() + "apt-get install -y --no-install-recommends " + packages}
	case "dnf":
		return []string{m.sudo() + "dnf install -y " + packages}
	case "apk":
		return []string{m.sudo() + "apk add " + packages}
	}
	return []string{"brew install " + packages} // which refuses to be root
}

// gem is the command of the Ruby that was just installed; Homebrew's is not on the PATH.
func (m Machine) gem(manager string) string {
	if manager == "brew" {
		return `"$(brew --prefix ruby)/bin/gem"`
	}
	return m.sudo() + "gem"
}

func (m Machine) sudo() string {
	if m.Root {
		return ""
	}
	return "sudo -n "
}

// release reads /etc/os-release: lines of KEY=value, the value perhaps in quotes.
func (m Machine) release() map[string]string {
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(m.OSRelease))
	for lines.Scan() {
		key, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	return values
}
