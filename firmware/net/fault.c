#include "net/fault.h"

#include <stdarg.h>
#include <stdio.h>

struct net_fault net_fault_make(enum net_fault_kind kind, const char *format, ...)
{
	struct net_fault fault = {.kind = kind};
	va_list arguments;
	char *p;

	va_start(arguments, format);
	vsnprintf(fault.text, sizeof(fault.text), format, arguments);
	va_end(arguments);
	/* Parts of it are a peer's words. */
	for (p = fault.text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return fault;
}

const char *net_fault_name(enum net_fault_kind kind)
{
	static const char *const names[] = {
		[NET_FAULT_NONE] = "none",
		[NET_FAULT_IDENTITY] = "identity",
		[NET_FAULT_DNS] = "dns",
		[NET_FAULT_UNREACHABLE] = "unreachable",
		[NET_FAULT_REFUSED] = "refused",
		[NET_FAULT_TIMEOUT] = "timeout",
		[NET_FAULT_CERTIFICATE_NAME] = "certificate-name",
		[NET_FAULT_CERTIFICATE_CA] = "certificate-ca",
		[NET_FAULT_CERTIFICATE_EXPIRED] = "certificate-expired",
		[NET_FAULT_CERTIFICATE_NOT_YET] = "certificate-not-yet-valid",
		[NET_FAULT_CERTIFICATE_OTHER] = "certificate",
		[NET_FAULT_TLS_VERSION] = "tls-version",
		[NET_FAULT_TLS_REFUSED] = "tls-refused",
		[NET_FAULT_TLS] = "tls",
		[NET_FAULT_UPGRADE] = "upgrade",
		[NET_FAULT_CLOSED] = "closed",
		[NET_FAULT_LOST] = "lost",
		[NET_FAULT_SILENT] = "silent",
		[NET_FAULT_PROTOCOL] = "protocol",
		[NET_FAULT_TOO_LARGE] = "too-large",
		[NET_FAULT_MEMORY] = "memory",
	};

	return names[kind];
}
