/** By what a record is tied to the scene, in words: the method, how sure it is, and what agrees. */

import { t, valueName } from "../words";

const COMPARED = ["storey", "name", "area"] as const;

export function tie({ method, confidence, evidence }: { method: string; confidence: number; evidence: string }): string {
  const sure = t("dossier.confidence", { percent: Math.round(confidence * 100) });
  return [valueName(`link_${method}`) ?? method, sure, ...evidenceWords(evidence)].filter(Boolean).join(" · ");
}

/** What the linker noted (JSON), or what a person wrote. */
function evidenceWords(evidence: string): string[] {
  const noted = parsed(evidence);
  if (noted === null) return [evidence];
  const key = typeof noted["reading"] === "string" && noted["reading"].includes("=") ? noted["reading"].split("=")[0] : null;
  const named = (agrees: boolean): string => COMPARED.filter((name) => noted[name] === agrees).map((name) => valueName(`evidence_${name}`) ?? name).join(t("list.separator"));
  const [same, different] = [named(true), named(false)];
  return [
    key ? (valueName(`evidence_${key}`) ?? key) : "",
    typeof noted["number"] === "string" && noted["number"] ? t("dossier.number", { number: noted["number"] }) : "",
    same ? t("dossier.agrees", { what: same }) : "",
    different ? t("dossier.disagrees", { what: different }) : "",
  ];
}

function parsed(text: string): { [name: string]: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as { [name: string]: unknown }) : null;
  } catch {
    return null;
  }
}
