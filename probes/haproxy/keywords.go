package haproxy

import "strings"

// timeoutNames are what "timeout" takes in a proxy (manual, section 4.2; client-hs since 2.9, the rest of the last line
// in the sections that are not proxies).
var timeoutNames = strings.Fields(`
	client server connect check queue http-keep-alive http-request tunnel tarpit client-fin server-fin
	client-hs`)

// proxyKeywords are the first words of lines in defaults, frontend, backend and listen: those of 2.6's matrix (manual,
// section 4.1), older ones that are gone, and later ones as far as they are known. They serve to tell a slip of the
// pen from a keyword of another version.
var proxyKeywords = strings.Fields(`
	acl backlog balance bind bind-process capture clitcpka-cnt clitcpka-idle clitcpka-intvl compression cookie declare
	default-server default_backend description disabled dispatch dynamic-cookie-key email-alert enabled errorfile
	errorfiles errorloc errorloc302 errorloc303 error-log-format external-check filter force-persist fullconn
	hash-balance-factor hash-type http-after-response http-check http-error http-request http-response http-reuse
	http-send-name-header id ignore-persist load-server-state-from-file log log-format log-format-sd log-tag
	max-keep-alive-queue max-session-srv-conns maxconn mode monitor monitor-net monitor-uri no default option persist
	rate-limit redirect retries retry-on server server-state-file-name server-template source srvtcpka-cnt
	srvtcpka-idle srvtcpka-intvl stats stick stick-table tcp-check tcp-request tcp-response timeout transparent
	unique-id-format unique-id-header use-fcgi-app use-server use_backend

	appsession block clitimeout contimeout srvtimeout grace redisp redispatch log-steps
	reqadd reqallow reqiallow reqdel reqidel reqdeny reqideny reqpass reqipass reqrep reqirep reqtarpit reqitarpit
	rspadd rspdel rspidel rspdeny rspideny rsprep rspirep

	force-be-switch guid hash-preserve-affinity log-profile publish quic-initial unpublish`)

// removedKeywords are refused since 2.1, which names what takes their place.
var removedKeywords = map[string]string{
	"reqadd": "http-request add-header", "reqdel": "http-request del-header", "reqidel": "http-request del-header",
	"reqdeny": "http-request deny", "reqideny": "http-request deny", "reqrep": "http-request replace-header",
	"reqirep": "http-request replace-header", "reqallow": "http-request allow", "reqiallow": "http-request allow",
	"reqpass": "http-request allow", "reqipass": "http-request allow", "reqtarpit": "http-request tarpit",
	"reqitarpit": "http-request tarpit", "rspadd": "http-response add-header", "rspdel": "http-response del-header",
	"rspidel": "http-response del-header", "rspdeny": "http-response deny", "rspideny": "http-response deny",
	"rsprep": "http-response replace-header", "rspirep": "http-response replace-header", "block": "http-request deny",
	"clitimeout": "timeout client", "contimeout": "timeout connect", "srvtimeout": "timeout server",
	"redispatch": "option redispatch", "redisp": "option redispatch",
}
