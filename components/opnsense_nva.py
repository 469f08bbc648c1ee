"""An OPNsense appliance: two network interfaces, and a device plan from which its boot configuration is rendered."""

from ipaddress import IPv4Address
from typing import NotRequired, TypedDict

import pulumi
from pulumi import Output
from pulumi_azure_native import compute, network
from pulumi_random import RandomPassword

from components.inputs import GatewayPlanArgs, IpsecPolicyArgs
from components.ipsec_over_er import crypto_profile
from components.network import Place, zonal_public_address
from components.options import child_of
from vpner.device.opnsense import render
from vpner.device.opnsense_boot import IMAGE, boot_command
from vpner.plan import naming
from vpner.plan.appliance import Appliance, plan_appliance
from vpner.plan.device import DevicePlan
from vpner.problems import Problem, refuse


class OpnsenseNvaArgs(TypedDict):
    """Inputs of :class:`OpnsenseNva`."""

    resource_group_name: pulumi.Input[str]
    """Resource group of everything."""
    location: NotRequired[pulumi.Input[str]]
    """Azure region. Default: the provider's, else the resource group's."""
    name: str
    """Name of the appliance and of its virtual machine."""
    size: NotRequired[str]
    """VM size. Default Standard_B2s."""
    untrusted_subnet_id: pulumi.Input[str]
    """ARM id of the subnet on the ExpressRoute side."""
    untrusted_subnet: str
    """Its prefix."""
    untrusted_address: str
    """The appliance's address there: the tunnels' endpoint."""
    trusted_subnet_id: pulumi.Input[str]
    """ARM id of the subnet on the inner side."""
    trusted_subnet: str
    """Its prefix."""
    trusted_address: str
    """The appliance's address there: the workload's next hop."""
    asn: int
    """The appliance's ASN."""
    apipa: str
    """Its BGP address inside the tunnels, from 169.254.0.1 to 169.254.255.254."""
    advertises: list[str]
    """Prefixes that it announces inside the tunnels."""
    prepend: NotRequired[int]
    """How often it adds its own ASN to the path it announces. Default 0."""
    accepts: NotRequired[list[str]]
    """Prefixes that it accepts in the tunnels: the hub's and the spokes'. Default: all but its own, and no endpoint."""
    gateway: GatewayPlanArgs
    """The VPN gateway that the tunnels end at."""
    tunnel_addresses: pulumi.Input[list[str]]
    """Private tunnel address of each instance of the gateway, once Azure has chosen it."""
    pre_shared_key: pulumi.Input[str]
    """Pre-shared key of both tunnels. A secret."""
    ipsec_policy: NotRequired[IpsecPolicyArgs]
    """Algorithms and lifetimes, the same as the gateway's. Default: as the gateway's default."""
    management_prefixes: NotRequired[list[str]]
    """Prefixes that may reach the web interface at the public address. Default: none."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags of every resource. Default: none."""


def plan_nva(args: OpnsenseNvaArgs) -> tuple[DevicePlan | None, list[Problem]]:
    """The appliance's checked device plan, and every problem with its path in the arguments."""
    gateway = args["gateway"]
    return plan_appliance(
        Appliance(
            name=args["name"],
            untrusted_subnet=args["untrusted_subnet"],
            untrusted_address=args["untrusted_address"],
            trusted_subnet=args["trusted_subnet"],
            trusted_address=args["trusted_address"],
            asn=args["asn"],
            apipa=args["apipa"],
            advertises=tuple(args["advertises"]),
            prepend=args.get("prepend", 0),
            accepts=tuple(args.get("accepts", ())),
            management=tuple(args.get("management_prefixes", ())),
        ),
        gateway=gateway["name"],
        gateway_asn=gateway["asn"],
        gateway_subnet=gateway["gateway_subnet"],
        gateway_apipa=gateway["apipa"],
        crypto=crypto_profile(args.get("ipsec_policy", {})),
    )


class OpnsenseNva(pulumi.ComponentResource):
    """An OPNsense appliance that ends the tunnels on the branch's side."""

    vm_id: pulumi.Output[str]
    """ARM id of the virtual machine."""
    public_address: pulumi.Output[str | None]
    """Public address of the web interface."""
    root_password: pulumi.Output[str]
    """Generated password of root (secret)."""

    def __init__(self, name: str, args: OpnsenseNvaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("vpner:index:OpnsenseNva", name, None, opts)
        plan, problems = plan_nva(args)
        refuse(f"OpnsenseNva {name!r}", problems)
        assert plan is not None
        place = Place(self, args["resource_group_name"], args.get("location"), args.get("tags", {}))

        password = RandomPassword(f"{name}-root-password", length=32, special=False, opts=child_of(self))
        address = zonal_public_address(place, f"{name}-pip", naming.public_address(args["name"]), zones=None)
        security = self._security_group(place, name, args)
        untrusted = self._interface(place, name, "Untrusted", args, security, address)
        trusted = self._interface(place, name, "Trusted", args, security, None)
        machine = self._machine(place, name, args, untrusted, trusted)
        management = tuple(args.get("management_prefixes", ()))
        command = Output.all(args["tunnel_addresses"], args["pre_shared_key"], password.bcrypt_hash).apply(
            lambda known: boot_command(
                render(
                    _bind(plan, known[0]), pre_shared_key=known[1], root_password_hash=known[2], management=management
                )
            )
        )
        compute.VirtualMachineExtension(
            f"{name}-bootstrap",
            vm_extension_name="CustomScript",
            resource_group_name=place.resource_group_name,
            location=place.location,
            vm_name=machine.name,
            publisher="Microsoft.OSTCExtensions",
            type="CustomScriptForLinux",
            type_handler_version="1.5",
            auto_upgrade_minor_version=False,
            # Protected settings are encrypted by Azure and not returned by it.
            protected_settings=Output.secret(Output.all(commandToExecute=command)),
            tags=place.tags,
            opts=child_of(self, secret_outputs=["protected_settings"]),
        )

        self.vm_id = machine.id
        self.public_address = address.ip_address
        self.root_password = Output.secret(password.result)
        self.register_outputs(
            {
                "device": plan.contract(),
                "untrustedAddress": args["untrusted_address"],
                "trustedAddress": args["trusted_address"],
                "vmId": self.vm_id,
                "publicAddress": self.public_address,
                "rootPassword": self.root_password,
            }
        )

    def _security_group(self, place: Place, name: str, args: OpnsenseNvaArgs) -> network.NetworkSecurityGroup:
        # The appliance is the firewall: from private networks everything reaches it, from the Internet only management.
        rules: list[network.SecurityRuleArgsDict] = [
            {
                "name": "from-private-networks",
                "priority": 100,
                "direction": "Inbound",
                "access": "Allow",
                "protocol": "*",
                "source_address_prefixes": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
                "source_port_range": "*",
                "destination_address_prefix": "*",
                "destination_port_range": "*",
            }
        ]
        management = args.get("management_prefixes", [])
        if management:
            rules.append(
                {
                    "name": "management",
                    "priority": 200,
                    "direction": "Inbound",
                    "access": "Allow",
                    "protocol": "Tcp",
                    "source_address_prefixes": list(management),
                    "source_port_range": "*",
                    "destination_address_prefix": "*",
                    "destination_port_range": "443",
                }
            )
        return network.NetworkSecurityGroup(
            f"{name}-nsg",
            network_security_group_name=naming.network_security_group(args["name"]),
            resource_group_name=place.resource_group_name,
            location=place.location,
            security_rules=rules,
            tags=place.tags,
            opts=child_of(self),
        )

    def _interface(
        self,
        place: Place,
        name: str,
        side: str,
        args: OpnsenseNvaArgs,
        security: network.NetworkSecurityGroup,
        address: network.PublicIPAddress | None,
    ) -> network.NetworkInterface:
        untrusted = side == "Untrusted"
        return network.NetworkInterface(
            f"{name}-{side.lower()}-nic",
            network_interface_name=f"{args['name']}-{side}-NIC",
            resource_group_name=place.resource_group_name,
            location=place.location,
            enable_ip_forwarding=True,
            network_security_group={"id": security.id},
            ip_configurations=[
                {
                    "name": "ipconfig1",
                    "private_ip_allocation_method": "Static",
                    "private_ip_address": args["untrusted_address"] if untrusted else args["trusted_address"],
                    "subnet": {"id": args["untrusted_subnet_id"] if untrusted else args["trusted_subnet_id"]},
                    "public_ip_address": {"id": address.id} if address else None,
                }
            ],
            tags=place.tags,
            opts=child_of(self),
        )

    def _machine(
        self,
        place: Place,
        name: str,
        args: OpnsenseNvaArgs,
        untrusted: network.NetworkInterface,
        trusted: network.NetworkInterface,
    ) -> compute.VirtualMachine:
        # Azure wants an administrator; the bootstrap replaces the system, and the account with it.
        password = RandomPassword(
            f"{name}-image-password",
            length=32,
            min_lower=1,
            min_upper=1,
            min_numeric=1,
            special=False,
            opts=child_of(self),
        )
        return compute.VirtualMachine(
            f"{name}-vm",
            vm_name=args["name"],
            resource_group_name=place.resource_group_name,
            location=place.location,
            hardware_profile={"vm_size": args.get("size", "Standard_B2s")},
            network_profile={
                "network_interfaces": [{"id": untrusted.id, "primary": True}, {"id": trusted.id, "primary": False}]
            },
            os_profile={
                "computer_name": args["name"],
                "admin_username": "azureuser",
                "admin_password": Output.secret(password.result),
            },
            plan={"name": IMAGE.sku, "publisher": IMAGE.publisher, "product": IMAGE.offer},
            storage_profile={
                "image_reference": {
                    "publisher": IMAGE.publisher,
                    "offer": IMAGE.offer,
                    "sku": IMAGE.sku,
                    "version": IMAGE.version,
                },
                "os_disk": {"create_option": "FromImage", "delete_option": "Delete"},
            },
            tags=place.tags,
            opts=child_of(self),
        )


def _bind(plan: DevicePlan, addresses: list[str]) -> DevicePlan:
    symbols = [tunnel.remote for tunnel in plan.tunnels]
    if len(addresses) != len(symbols):
        raise ValueError(f"{plan.name}: {len(addresses)} tunnel addresses for {len(symbols)} tunnels: {addresses}")
    return plan.bind(
        {
            symbol: IPv4Address(address)
            for symbol, address in zip(symbols, addresses, strict=True)
            if not isinstance(symbol, IPv4Address)
        }
    )
