package runtimes

import (
	"os/exec"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

func TestInstallIsOneCommandOfTheMachinesPackageManager(t *testing.T) {
	t.Parallel()
	debian := Machine{GOOS: "linux", OSRelease: "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n", Root: true}
	mint := Machine{GOOS: "linux", OSRelease: "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"}
	fedora := Machine{GOOS: "linux", OSRelease: "ID=fedora\n"}
	alpine := Machine{GOOS: "linux", OSRelease: "ID='alpine'\n", Root: true}
	mac := Machine{GOOS: "darwin"}
	tests := map[string]struct {
		machine  Machine
		families []string
		want     string
	}{
		"debian": {debian, []string{"ruby"},
			"apt-get update && apt-get install -y --no-install-recommends ruby ruby-sinatra ruby-webrick $(apt-cache pkgnames ruby-rackup)"},
		"like ubuntu, not root": {mint, []string{"node", "java"},
			"sudo -n apt-get update && sudo -n apt-get install -y --no-install-recommends nodejs default-jre-headless"},
		"fedora": {fedora, []string{"python", "ruby"},
			"sudo -n dnf install -y python3 ruby && sudo -n gem install --no-document sinatra rackup webrick"},
		"alpine": {alpine, []string{"ruby", "shell"},
			"apk add ruby bash procps && gem install --no-document sinatra rackup webrick"},
		"mac": {mac, []string{"ruby"},
			`brew install ruby && "$(brew --prefix ruby)/bin/gem" install --no-document sinatra rackup webrick`},
		"homebrew elsewhere":       {Machine{GOOS: "linux", OSRelease: "ID=nixos", Brew: true}, []string{"php"}, "brew install php"},
		"unknown package manager":  {Machine{GOOS: "linux", OSRelease: "ID=nixos"}, []string{"ruby"}, ""},
		"no os-release":            {Machine{GOOS: "linux"}, []string{"ruby"}, ""},
		"unknown family":           {debian, []string{"ruby", "cobol"}, ""},
		"a family without package": {alpine, []string{"php"}, ""},
		"nothing to install":       {debian, nil, ""},
	}
	for name, tt := range tests {
		got, ok := tt.machine.Install(tt.families...)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: Install%q = %q, %t, want %q", name, tt.families, got, ok, tt.want)
		}
	}
}

func TestEveryInstallCommandIsOneAShellCanRead(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	for _, machine := range []Machine{{GOOS: "linux", OSRelease: "ID=debian"}, {GOOS: "linux", OSRelease: "ID=fedora"}, {GOOS: "darwin"}} {
		for _, f := range Families() {
			command, ok := machine.Install(f.Name)
			if !ok {
				t.Errorf("%s has no package of %s", machine.Manager(), f.Name)
			}
			if out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%q: %v: %s", command, err, out)
			}
		}
	}
}

func TestThisMachineIsRecognised(t *testing.T) {
	t.Parallel()
	m := ThisMachine()
	if m.GOOS == "" || m.GOOS == "linux" && m.OSRelease == "" {
		t.Skipf("a machine without /etc/os-release: %+v", m)
	}
	if _, err := exec.LookPath("apt-get"); err == nil && m.Manager() != "apt" {
		t.Errorf("there is apt-get, but the package manager is %q", m.Manager())
	}
}
