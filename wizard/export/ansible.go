package export

import (
	"fmt"
	"net/netip"
	"strings"
)

var ansible = Target{
	Name:  "ansible",
	Title: "a playbook that runs the checks on every node and gathers their reports",
	render: func(s setup, o Options) ([]File, error) {
		inventory, err := ansibleInventory(s)
		if err != nil {
			return nil, err
		}
		return []File{
			{Name: "wsdoctor-inventory.yml", Path: "wsdoctor-inventory.yml", On: Elsewhere, Mode: 0o644, Data: []byte(header("ansible", "#") + inventory)},
			{
				Name: "wsdoctor-check.yml", Path: "wsdoctor-check.yml", On: Elsewhere, Mode: 0o644, Data: []byte(header("ansible", "#") + ansiblePlaybook(o)),
				Steps: []Step{{Do: "ansible-playbook -i wsdoctor-inventory.yml wsdoctor-check.yml"}},
			},
		}, nil
	},
}

func ansibleInventory(s setup) (string, error) {
	var b strings.Builder
	b.WriteString("wsdoctor:\n  hosts:\n")
	taken := map[string]bool{}
	for i, n := range s.cfg.Nodes {
		name := label(n.Name)
		if name == "" || taken[name] {
			name = fmt.Sprintf("%s-node%d", name, i+1)
			name = strings.TrimPrefix(name, "-")
		}
		taken[name] = true
		fmt.Fprintf(&b, "    %s:\n      ansible_host: %q\n", name, n.Host)
		if a, err := netip.ParseAddr(n.Host); err == nil && a.IsLoopback() {
			b.WriteString("      ansible_connection: local\n")
		}
	}
	if host := s.cfg.Balancer.Host(); host != "" && !s.cfg.Balancer.SharesHost {
		if err := vetHost("balancer.url", host); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "    wsdoctor-balancer:\n      ansible_host: %q\n", host)
	}
	return b.String(), nil
}

// ansiblePlaybook only reads on the hosts: what it writes are the reports, here. Exit codes of the check are 0 and 1 for
// a judgement, 3 where something could not be determined; all else means that nothing was checked.
func ansiblePlaybook(o Options) string {
	return fmt.Sprintf(`- name: check the WebSocket service on every host
  hosts: wsdoctor
  gather_facts: false
  become: true
  any_errors_fatal: false
  vars:
    wsdoctor_program: %q
    wsdoctor_settings: %q
    wsdoctor_reports: "{{ playbook_dir }}/wsdoctor-reports"
  tasks:
    - name: run the checks
      ansible.builtin.command:
        argv: ["{{ wsdoctor_program }}", "--config", "{{ wsdoctor_settings }}", "--check", "--format", "json"]
      register: wsdoctor_run
      changed_when: false
      check_mode: false
      failed_when: wsdoctor_run.rc not in [0, 1, 3]

    - name: make the folder of the reports
      ansible.builtin.file:
        path: "{{ wsdoctor_reports }}"
        state: directory
        mode: "0755"
      delegate_to: localhost
      become: false
      run_once: true

    - name: keep the report
      ansible.builtin.copy:
        content: "{{ wsdoctor_run.stdout }}"
        dest: "{{ wsdoctor_reports }}/{{ inventory_hostname }}.json"
        mode: "0644"
      delegate_to: localhost
      become: false

    - name: say what was found
      ansible.builtin.debug:
        msg: "{{ inventory_hostname }}: {{ wsdoctor_report.status }}{%% for c in wsdoctor_report.causes | default([], true) %%}; {{ c.id }}: {{ c.title }}{%% endfor %%}"
      vars:
        wsdoctor_report: "{{ wsdoctor_run.stdout | from_json }}"

    - name: fail where something is wrong
      ansible.builtin.assert:
        that: wsdoctor_run.rc == 0
        fail_msg: "{{ inventory_hostname }}: see {{ wsdoctor_reports }}/{{ inventory_hostname }}.json"
        quiet: true
`, o.Program, o.Settings)
}
