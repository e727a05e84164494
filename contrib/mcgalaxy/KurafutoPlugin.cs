/* SPDX-License-Identifier: MIT */
/*
 * Sends players of a MCGalaxy server behind Kurafuto to other servers: /Jump for everybody and
 * for message blocks, /JumpInfo for operators. It keeps no list of servers and no state but who
 * has asked: it says a line to Kurafuto on the player's own connection, and Kurafuto acts.
 * Where the client lacks PluginMessages, the line is the reason of a disconnect instead.
 */
using System;
using System.Text;
using MCGalaxy;
using MCGalaxy.Events;
using MCGalaxy.Events.ServerEvents;
using MCGalaxy.Network;

namespace Kurafuto
{
	public sealed class KurafutoPlugin : Plugin
	{
		/* These two must be as in kurafuto.json: redirect-channel and command-prefix. */
		public const byte Channel = 75;
		public const string Prefix = ":kura";

		readonly Command jump = new CmdJump(), info = new CmdJumpInfo();

		public override string name { get { return "KurafutoPlugin"; } }
		public override string creator { get { return "Kurafuto"; } }
		public override string MCGalaxy_Version { get { return "1.9.4.0"; } }

		public override void Load(bool auto)
		{
			Command.Register(jump);
			Command.Register(info);
			OnPluginMessageReceivedEvent.Register(CmdJumpInfo.HandleAnswer, Priority.Low);
		}

		public override void Unload(bool auto)
		{
			OnPluginMessageReceivedEvent.Unregister(CmdJumpInfo.HandleAnswer);
			Command.Unregister(info);
			Command.Unregister(jump);
		}

		public override void Help(Player p)
		{
			p.Message("&HTakes players to the other servers behind Kurafuto: &T/Help Jump");
		}

		/* A line of ASCII to Kurafuto, padded with NULs. False if the client has no
		 * PluginMessages: it would not get through. */
		public static bool Say(Player p, string line)
		{
			byte[] data = new byte[Packet.PluginMessageDataLength];

			if (!p.Supports(CpeExt.PluginMessages)) return false;
			Encoding.ASCII.GetBytes(line, 0, Math.Min(line.Length, data.Length), data, 0);
			p.Send(Packet.PluginMessage(Channel, data));
			return true;
		}
	}

	public sealed class CmdJump : Command
	{
		const int NameMax = 32;

		public override string name { get { return "Jump"; } }
		/* Not "mod": message blocks take no commands of that type. */
		public override string type { get { return CommandTypes.Other; } }
		public override bool SuperUseable { get { return false; } }

		/* What Kurafuto takes for a name, so that no second word and no colour gets into the
		 * line to it. */
		static bool IsServerName(string text)
		{
			foreach (char c in text)
			{
				bool isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

				if (!isLetter && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
			}
			return text.Length > 0 && text.Length <= NameMax;
		}

		public override void Use(Player p, string message)
		{
			string server = message.Trim();

			if (!IsServerName(server)) { Help(p); return; }
			if (KurafutoPlugin.Say(p, "jump " + server)) return;
			p.Leave("went to " + server, KurafutoPlugin.Prefix + " jump " + server, true);
		}

		public override void Help(Player p)
		{
			p.Message("&T/Jump [server]");
			p.Message("&HTakes you to another server of this network.");
		}
	}

	public sealed class CmdJumpInfo : Command
	{
		/* In the Extras of the player whose connection was asked: the name of who has asked. */
		const string AskerKey = "KURAFUTO_ASKER";
		const string Answer = "info ", End = "end";

		public override string name { get { return "JumpInfo"; } }
		public override string type { get { return CommandTypes.Other; } }
		public override LevelPermission defaultRank { get { return LevelPermission.Operator; } }
		public override bool MessageBlockRestricted { get { return true; } }
		public override bool SuperUseable { get { return false; } }

		public override void Use(Player p, string message)
		{
			Player who = message.Length == 0 ? p : PlayerInfo.FindMatches(p, message);

			if (who == null) return;
			if (who.Rank > p.Rank) { p.Message("&WThat player's rank is above yours."); return; }
			who.Extras[AskerKey] = p.name;
			if (KurafutoPlugin.Say(who, "info")) return;
			who.Extras.Remove(AskerKey);
			p.Message("&WThat player's client cannot tell: it lacks {0}.", CpeExt.PluginMessages);
		}

		/* "server NAME PLAYERS up|down" reads better as a sentence; the rest is as it is. */
		static string Describe(string text)
		{
			string[] words = text.Split(' ');

			if (words.Length != 4 || words[0] != "server") return text;
			return words[1] + ": " + words[2] + " players, " + words[3];
		}

		/* Only what somebody has asked for is read, and only they get to see it. */
		public static void HandleAnswer(Player p, byte channel, byte[] data)
		{
			if (channel != KurafutoPlugin.Channel) return;
			string askerName = p.Extras.GetString(AskerKey);
			string line = NetUtils.ReadString(data, 0);

			if (askerName == null || !line.StartsWith(Answer, StringComparison.Ordinal)) return;
			line = line.Substring(Answer.Length);
			if (line == End) { p.Extras.Remove(AskerKey); return; }
			Player asker = PlayerInfo.FindExact(askerName);
			if (asker != null) asker.Message("&S" + Describe(line));
		}

		public override void Help(Player p)
		{
			p.Message("&T/JumpInfo <player>");
			p.Message("&HAsks Kurafuto who a player really is, and how the servers are.");
		}
	}
}
