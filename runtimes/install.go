package runtimes

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// Machine is what decides how software is installed.
type Machine struct {
	GOOS      string // as in runtime.GOOS
	OSRelease string // the text of /etc/os-release; "" where there is none
	Root      bool
	Sudo      bool // there is sudo
	Brew      bool // Homebrew is there
}

// ThisMachine looks at the machine that it runs on.
func ThisMachine() Machine {
	text, _ := os.ReadFile("/etc/os-release") // absent on a Mac
	there := func(program string) bool { _, err := exec.LookPath(program); return err == nil }
	return Machine{
		GOOS: runtime.GOOS, OSRelease: string(text), Root: os.Geteuid() == 0, Sudo: there("sudo"), Brew: there("brew"),
	}
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

// Installation is how to install what some families need.
type Installation struct {
	// Command is the one command, for a shell, that does it without a question: apt's and dnf's are answered by yes, and
	// sudo fails rather than ask for a password. It is empty when there is nothing that it could install, or when only
	// root may and there is no sudo.
	Command string
	// ByHand is the same for people to type: sudo may ask, and without sudo it is su that asks.
	ByHand string
	// Unknown are the families of which this machine has no package, as far as is known here; the commands do without.
	Unknown []string
}

// Install returns how to install what the families need.
func (m Machine) Install(families ...Family) Installation {
	manager := m.Manager()
	var i Installation
	var packages, gems []string
	for _, f := range families {
		if len(f.Packages[manager]) == 0 {
			i.Unknown = append(i.Unknown, f.Name)
			continue
		}
		packages = append(packages, f.Packages[manager]...)
		if manager != "apt" { // which has packages of them
			gems = append(gems, f.gems...)
		}
	}
	if len(packages) == 0 {
		return i
	}
	command := func(root string) string {
		return strings.Join(steps(manager, root, strings.Join(packages, " "), strings.Join(gems, " ")), " && ")
	}
	switch {
	case m.Root || manager == "brew": // which refuses to be root
		i.Command, i.ByHand = command(""), command("")
	case m.Sudo:
		i.Command, i.ByHand = command("sudo -n "), command("sudo ")
	default:
		i.ByHand = "su -c '" + command("") + "'"
	}
	return i
}

// steps are the commands that install packages and gems; root goes before those that only root may run.
func steps(manager, root, packages, gems string) []string {
	var steps []string
	gem := root + "gem"
	switch manager {
	case "apt":
		steps = []string{root + "apt-get update", root + "apt-get install -y --no-install-recommends " + packages}
	case "dnf":
		steps = []string{root + "dnf install -y " + packages}
	case "apk":
		steps = []string{root + "apk add " + packages}
	case "brew":
		steps = []string{"brew install " + packages}
		gem = `"$(brew --prefix ruby)/bin/gem"` // of the Ruby that was just installed; it is not on the PATH
	}
	if gems != "" {
		steps = append(steps, gem+" install --no-document "+gems)
	}
	return steps
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
